// The studies, by name.

import { attacksJobs } from "./attacks/jobs.ts";
import { attacksReport } from "./attacks/report.ts";
import { codecsJobs } from "./codecs/jobs.ts";
import { codecsReport } from "./codecs/report.ts";
import { communicationJobs } from "./communication/jobs.ts";
import { communicationReport } from "./communication/report.ts";
import { deptJobs } from "./dept/jobs.ts";
import { deptReport } from "./dept/report.ts";
import { distilJobs } from "./distil/jobs.ts";
import { distilReport } from "./distil/report.ts";
import type { Job, Row } from "./job.ts";
import { leakageJobs } from "./leakage/jobs.ts";
import { leakageReport } from "./leakage/report.ts";
import { newcomersJobs } from "./newcomers/jobs.ts";
import { newcomersReport } from "./newcomers/report.ts";
import type { Plan } from "./plan.ts";
import { plasticityJobs } from "./plasticity/jobs.ts";
import { plasticityReport } from "./plasticity/report.ts";
import type { Report } from "./report/report.ts";
import {
  attacksScale,
  codecsScale,
  deptScale,
  distilScale,
  leakageScale,
  type Scale,
  sweepScale,
} from "./scale.ts";
import { sweepJobs } from "./sweep/jobs.ts";
import { sweepReport } from "./sweep/report.ts";

export interface Study {
  readonly name: string;
  /** A line of help. */
  readonly title: string;
  /** Whose jobs it shares: studies of a family find each other's results. */
  readonly family: string;
  readonly scale: Scale;
  readonly jobs: (plan: Plan) => Job[];
  readonly report: (plan: Plan, rows: readonly Row[]) => Report;
}

export const studies: readonly Study[] = [
  {
    name: "dept",
    title: "what a body is worth, by how it was pre-trained",
    family: "dept",
    scale: deptScale,
    jobs: deptJobs,
    report: deptReport,
  },
  {
    name: "plasticity",
    title: "how fast and how far bodies learn a language that none has seen (with dept's bodies)",
    family: "dept",
    scale: deptScale,
    jobs: plasticityJobs,
    report: plasticityReport,
  },
  {
    name: "communication",
    title: "what travels, counted at the sockets, beside the formulas",
    family: "communication",
    scale: deptScale,
    jobs: communicationJobs,
    report: communicationReport,
  },
  {
    name: "codecs",
    title: "what is learnt in equal steps, by the bytes that a delta takes",
    family: "codecs",
    scale: codecsScale,
    jobs: codecsJobs,
    report: codecsReport,
  },
  {
    name: "newcomers",
    title: "volunteers and sources that join late",
    family: "newcomers",
    scale: sweepScale,
    jobs: newcomersJobs,
    report: newcomersReport,
  },
  {
    name: "sweep",
    title: "one dial at a time, one seed; and words that wait while the body is averaged",
    family: "sweep",
    scale: sweepScale,
    jobs: sweepJobs,
    report: sweepReport,
  },
  {
    name: "leakage",
    title: "what can be got back out: planted secrets, and text from single deltas",
    family: "leakage",
    scale: leakageScale,
    jobs: leakageJobs,
    report: leakageReport,
  },
  {
    name: "attacks",
    title: "what poisoned deltas cost, by how a source's deltas are averaged (of the first three sources)",
    family: "attacks",
    scale: attacksScale,
    jobs: attacksJobs,
    report: attacksReport,
  },
  {
    name: "distil",
    title: "one head for all languages that learns what the mixture of all heads writes, and what it costs",
    family: "distil",
    scale: distilScale,
    jobs: distilJobs,
    report: distilReport,
  },
];
