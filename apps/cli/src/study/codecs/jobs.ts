// The study `codecs`: what is learnt in equal steps, by how a delta becomes bytes; with error feedback and without it, with
// everybody in each round and with half of them.

import type { RunFile } from "@homebody/protocol";
import { federated } from "../arms.ts";
import type { Job } from "../job.ts";
import { ownText, type Plan, seedsOf, stepsOf, textJobs } from "../plan.ts";

type Encoding = Pick<RunFile, "codec" | "errorFeedback">;

export interface CodecArm {
  readonly id: string;
  readonly title: string;
  readonly encoding: Encoding;
  /**
   * `all`: a volunteer a source, in every round; `more`: as `all`, with four times as many rounds; `half`: two a source, of all of whom
   * half take part in a round, by lot; `long`: as `all`, in rounds five times as long; `decays`: as `all`, with residuals that fade
   * faster; `kept`: as `all`, with AdamW's moments kept from round to round; `half-kept`: both; `down`: as `kept`, and the outer step is
   * rounded on its way down, too, as in the README's example.
   */
  readonly part: "all" | "half" | "long" | "more" | "decays" | "kept" | "half-kept" | "down";
}

const feedbackOf = (decay: number) => ({ decay, rounds: 20 });
const feedback = feedbackOf(0.95);

const encodings: readonly (Encoding & { readonly id: string; readonly title: string })[] = [
  { id: "fp32", title: "fp32", codec: "fp32", errorFeedback: "off" },
  { id: "int8", title: "8 bits", codec: "int8", errorFeedback: "off" },
  { id: "int4", title: "4 bits", codec: "int4", errorFeedback: "off" },
  { id: "int2", title: "2 bits", codec: "int2", errorFeedback: "off" },
  { id: "int2-feedback", title: "2 bits, error feedback", codec: "int2", errorFeedback: feedback },
  ...[64, 32].flatMap((k) => {
    const codec = { kind: "sparse2" as const, k };
    const title = `${k} of 4,096`;
    return [
      { id: `sparse-${k}`, title, codec, errorFeedback: "off" as const },
      { id: `sparse-${k}-feedback`, title: `${title}, error feedback`, codec, errorFeedback: feedback },
    ];
  }),
];

const keepsMoments = (part: CodecArm["part"]) => part === "kept" || part === "half-kept" || part === "down";
const isHalf = (part: CodecArm["part"]) => part === "half" || part === "half-kept";

const among = (part: CodecArm["part"], ids?: readonly string[]): readonly CodecArm[] =>
  encodings
    .filter(({ id }) => ids === undefined || ids.includes(id))
    .map(({ id, title, ...encoding }) => {
      const arm = part === "all" ? id : `${id}-${part}`;
      const kept = keepsMoments(part) ? ", moments kept" : "";
      const rounded = part === "down" ? ", 4 bits down" : "";
      return { id: arm, title: `${title}${kept}${rounded}`, encoding, part };
    });

const fading = (decay: number): CodecArm => ({
  id: `sparse-64-feedback-${decay}`,
  title: `64 of 4,096, a residual times ${decay} each round`,
  encoding: { codec: { kind: "sparse2", k: 64 }, errorFeedback: feedbackOf(decay) },
  part: "decays",
});

/** In the order of tables. */
export const codecArms: readonly CodecArm[] = [
  ...among("all"),
  ...among("half", ["fp32", "int2-feedback", "sparse-64", "sparse-64-feedback", "sparse-32-feedback"]),
  ...among("long", ["fp32", "sparse-64", "sparse-64-feedback"]),
  ...among("more", ["fp32", "sparse-64", "sparse-64-feedback"]),
  ...[0.8, 0.5].map(fading),
  ...among("kept", ["fp32", "int2", "sparse-64", "sparse-64-feedback", "sparse-32", "sparse-32-feedback"]),
  ...among("half-kept", ["fp32", "sparse-64-feedback"]),
  ...among("down", ["sparse-64-feedback"]),
];

/** The arm that those of a part are beside. */
export function besideOf(part: CodecArm["part"]): string {
  if (part === "all" || part === "decays") return "fp32";
  return part === "down" ? "fp32-kept" : `fp32-${part}`;
}

/** Of the others the first seed says what it can. */
const hasAllSeeds = ({ part }: CodecArm): boolean => part === "all" || part === "more" || keepsMoments(part);

const timesLonger = 5;
const timesMore = 4;

export function codecsJobs(plan: Plan): Job[] {
  return [
    ...textJobs(plan),
    ...seedsOf(plan).flatMap((seed) =>
      codecArms.filter((arm) => seed === 1 || hasAllSeeds(arm)).map((arm) => jobOf(plan, arm, seed)),
    ),
  ];
}

function jobOf(plan: Plan, { id, encoding, part }: CodecArm, seed: number): Job {
  const names = (of: string) => (isHalf(part) ? [of, `${of}-2`] : [of]);
  const volunteers = plan.sources.flatMap(({ id: source }) =>
    names(source).map((name) => ({ name, source, from: 1 })),
  );
  return federated(plan, id, seed, {
    ...{ members: plan.sources.map(ownText), volunteers, ...encoding },
    ...(isHalf(part) ? { share: 0.5 } : {}),
    ...(part === "down" ? { down: "int4" } : {}),
    ...(part === "long" ? longRounds(plan) : {}),
    ...(part === "more" ? { rounds: timesMore * plan.scale.rounds } : {}),
    training: { moments: keepsMoments(part) ? "kept" : "afresh" },
  });
}

/** The same steps in all. */
function longRounds(plan: Plan): { readonly localSteps: number; readonly rounds: number } {
  const { localSteps, steps } = stepsOf(plan);
  const own = Math.min(steps, localSteps * timesLonger);
  return { localSteps: own, rounds: Math.max(1, Math.round(steps / own)) };
}
