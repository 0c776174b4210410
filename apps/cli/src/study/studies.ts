// The studies, by name.

import { deptJobs } from "./dept.ts";
import type { Job } from "./job.ts";
import type { Plan } from "./plan.ts";
import { plasticityJobs } from "./plasticity.ts";
import { deptScale, type Scale } from "./scale.ts";

export interface Study {
  readonly name: string;
  /** A line of help. */
  readonly title: string;
  readonly scale: Scale;
  readonly jobs: (plan: Plan) => Job[];
}

export const studies: readonly Study[] = [
  {
    name: "dept",
    title: "what a body is worth, by how it was pre-trained",
    scale: deptScale,
    jobs: deptJobs,
  },
  {
    name: "plasticity",
    title: "how fast and how far bodies learn a language that none has seen",
    scale: deptScale,
    jobs: plasticityJobs,
  },
];
