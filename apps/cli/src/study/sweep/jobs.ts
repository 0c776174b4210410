// The study `sweep`: one dial at a time, from SPEC-OPT as the study `dept` has it; one seed. And what happens to words while
// the body is averaged without them.

import { federated } from "../arms.ts";
import type { Job } from "../job.ts";
import { globalText, type Plan, stepsOf, textJobs } from "../plan.ts";

type Change = Parameters<typeof federated>[3];

export interface SweepArm {
  readonly id: string;
  readonly title: string;
  readonly dial: string;
  readonly change: (plan: Plan) => Change;
}

/** The same steps in all, in rounds of another length. */
function inRounds(plan: Plan, times: number): Change {
  const { localSteps, steps } = stepsOf(plan);
  const own = Math.min(steps, Math.max(1, Math.round(localSteps * times)));
  return { localSteps: own, rounds: Math.max(1, Math.round(steps / own)) };
}

const shared = (plan: Plan): Change => ({
  members: plan.sources.map(globalText),
  vocabulary: plan.scale.globalVocabulary,
});

export const base = "base";
const nesterov = { kind: "nesterov", lr: 0.7, momentum: 0.9 } as const;

export const sweepArms: readonly SweepArm[] = [
  { id: base, title: "SPEC-OPT as it is", dial: "", change: () => ({}) },
  {
    id: "rounds-quarter",
    title: "a quarter of the steps a round",
    dial: "local steps",
    change: (plan) => inRounds(plan, 1 / 4),
  },
  {
    id: "rounds-half",
    title: "half of the steps a round",
    dial: "local steps",
    change: (plan) => inRounds(plan, 1 / 2),
  },
  {
    id: "rounds-double",
    title: "twice the steps a round",
    dial: "local steps",
    change: (plan) => inRounds(plan, 2),
  },
  {
    id: "rounds-five",
    title: "five times the steps a round",
    dial: "local steps",
    change: (plan) => inRounds(plan, 5),
  },
  {
    id: "share-half",
    title: "half of the sources a round",
    dial: "sources",
    change: () => ({ share: 1 / 2 }),
  },
  {
    id: "share-third",
    title: "a third of the sources a round",
    dial: "sources",
    change: () => ({ share: 1 / 3 }),
  },
  {
    id: "nesterov",
    title: "Nesterov, rate 0.7, momentum 0.9",
    dial: "outer optimiser",
    change: () => ({ outer: nesterov }),
  },
  {
    id: "nesterov-mild",
    title: "Nesterov, rate 1, momentum 0.5",
    dial: "outer optimiser",
    change: () => ({ outer: { kind: "nesterov", lr: 1, momentum: 0.5 } }),
  },
  {
    id: "outer-adam",
    title: "Adam, rate 0.01",
    dial: "outer optimiser",
    change: () => ({ outer: { kind: "adam", lr: 0.01, betas: [0.9, 0.99], epsilon: 1e-3 } }),
  },
  {
    id: "muon",
    title: "Muon for the body's matrices",
    dial: "inner optimiser",
    change: () => ({ training: { optimiser: { kind: "muon", momentum: 0.95 } } }),
  },
  {
    id: "kept",
    title: "moments kept from round to round",
    dial: "moments",
    change: () => ({ training: { moments: "kept" } }),
  },
  {
    id: "refit-little",
    title: "a fifth as many steps of fitting first",
    dial: "refit",
    change: (plan) => ({ training: { refitSteps: Math.max(1, Math.round(stepsOf(plan).localSteps / 5)) } }),
  },
  {
    id: "refit-much",
    title: "as many steps of fitting first",
    dial: "refit",
    change: (plan) => ({ training: { refitSteps: stepsOf(plan).localSteps } }),
  },
  { id: "fp32", title: "deltas in single precision", dial: "codec", change: () => ({ codec: "fp32" }) },
  { id: "glob", title: "GLOB", dial: "variant", change: (plan) => ({ ...shared(plan), variant: "glob" }) },
  {
    id: "glob-nesterov",
    title: "GLOB, Nesterov, rate 0.7, momentum 0.9",
    dial: "variant",
    change: (plan) => ({ ...shared(plan), variant: "glob", outer: nesterov }),
  },
  { id: "trim", title: "TRIM", dial: "variant", change: (plan) => ({ ...shared(plan), variant: "trim" }) },
];

/** Steps of fitting after which words are looked at again. */
export const fittedAfter = [1, 2, 5, 10, 20];
const seed = 1;

export function sweepJobs(plan: Plan): Job[] {
  return [
    ...textJobs(plan),
    ...sweepArms.map(({ id, change }) =>
      federated(plan, id, seed, { scoresReplicas: true, fittedAfter, ...change(plan) }),
    ),
  ];
}
