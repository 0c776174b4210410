// The studies, by name.

import { communicationJobs } from "./communication/jobs.ts";
import { communicationReport } from "./communication/report.ts";
import { deptJobs } from "./dept/jobs.ts";
import { deptReport } from "./dept/report.ts";
import type { Job, Row } from "./job.ts";
import type { Plan } from "./plan.ts";
import { plasticityJobs } from "./plasticity/jobs.ts";
import { plasticityReport } from "./plasticity/report.ts";
import type { Report } from "./report/report.ts";
import { deptScale, type Scale } from "./scale.ts";

export interface Study {
  readonly name: string;
  /** A line of help. */
  readonly title: string;
  readonly scale: Scale;
  readonly jobs: (plan: Plan) => Job[];
  readonly report: (plan: Plan, rows: readonly Row[]) => Omit<Report, "facts">;
}

export const studies: readonly Study[] = [
  {
    name: "dept",
    title: "what a body is worth, by how it was pre-trained",
    scale: deptScale,
    jobs: deptJobs,
    report: deptReport,
  },
  {
    name: "plasticity",
    title: "how fast and how far bodies learn a language that none has seen",
    scale: deptScale,
    jobs: plasticityJobs,
    report: plasticityReport,
  },
  {
    name: "communication",
    title: "what travels, counted at the sockets, beside the formulas",
    scale: deptScale,
    jobs: communicationJobs,
    report: communicationReport,
  },
];
