// The study `communication`: short real runs of each variant, every byte counted where it passes a socket, beside what
// DEPT's formulas say (arXiv 2410.05021, table 1).

import type { Job } from "../job.ts";
import { type Plan, recipeOf, trained } from "../plan.ts";
import type { TrafficWork } from "../work.ts";

type Kind = Pick<TrafficWork, "variant" | "words"> & { readonly vocabulary: "own" | "source" | "global" };

export interface TrafficArm {
  readonly id: string;
  readonly title: string;
  readonly what: string;
  readonly kind: Kind;
  readonly codec: TrafficWork["codec"];
}

const kinds: readonly (Omit<TrafficArm, "codec"> & { readonly kind: Kind })[] = [
  {
    id: "glob",
    title: "GLOB",
    what: "Body and embeddings travel, over one vocabulary.",
    kind: { variant: "glob", vocabulary: "global", words: "device" },
  },
  {
    id: "trim",
    title: "TRIM",
    what: "As GLOB, but up go only the rows of the words in a device's text. Down comes every row, which the paper's formula does not count: sections are files that all devices share.",
    kind: { variant: "trim", vocabulary: "global", words: "device" },
  },
  {
    id: "spec",
    title: "SPEC",
    what: "The body alone travels; words out of the one vocabulary stay home.",
    kind: { variant: "spec", vocabulary: "global", words: "device" },
  },
  {
    id: "spec-opt",
    title: "SPEC-OPT",
    what: "The body alone travels; every device has a vocabulary of its own.",
    kind: { variant: "spec", vocabulary: "own", words: "device" },
  },
  {
    id: "spec-source",
    title: "SPEC-OPT, words of sources",
    what: "As SPEC-OPT, but the coordinator keeps and averages each source's words among its volunteers.",
    kind: { variant: "spec", vocabulary: "source", words: "source" },
  },
];

export const trafficArms: readonly TrafficArm[] = (["fp32", "fp16"] as const).flatMap((codec) =>
  kinds.map((arm) => ({ ...arm, id: `${arm.id}-${codec}`, title: `${arm.title}, ${codec}`, codec })),
);

export const localSteps = 10;
export const rounds = 2;

export function communicationJobs(plan: Plan): Job[] {
  const { scale } = plan;
  const sources = plan.sources.slice(0, 2);
  return trafficArms.map(({ id, kind: { variant, vocabulary, words }, codec }) => {
    const size = vocabulary === "global" ? scale.globalVocabulary : scale.ownVocabulary;
    return {
      id: `traffic/${id}`,
      after: [],
      work: {
        kind: "traffic",
        arm: id,
        seed: 1,
        recipe: recipeOf(plan, rounds * localSteps),
        variant,
        vocabulary: { kind: vocabulary, size },
        words,
        codec,
        localSteps,
        rounds,
        sources: sources.map(({ id, folder }) => ({ id, folder })),
        trainBytes: scale.tokenizerBytes / 4,
        heldOutBytes: 4000,
      },
      loads: [trained(plan, size, sources.length * rounds * localSteps)],
    };
  });
}
