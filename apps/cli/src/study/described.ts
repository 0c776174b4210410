// What every report says about itself: how large the study is, what was left small, and what its words mean.

import { countParameters, type Group, modelConfig } from "@homebody/model";
import { version } from "@homebody/protocol";
import { type Job, totalTokens } from "./job.ts";
import { adaptSteps, type Plan, stepsOf } from "./plan.ts";
import type { Report, Section } from "./report/report.ts";

/** Of every study. */
export function commonFacts(plan: Plan, jobs: readonly Job[], seconds: number): Report["facts"] {
  return [
    ["sources", namesOf(plan.sources)],
    ["tokens in all", `${(totalTokens(jobs) / 1e6).toFixed(1)} million`],
    [
      "processor time",
      seconds < 5400 ? `${Math.round(seconds / 60)} minutes` : `${(seconds / 3600).toFixed(1)} hours`,
    ],
    ["Homebody", version],
  ];
}

/** Of studies that train as the study `dept` does. */
export function trainingFacts(plan: Plan): Report["facts"] {
  const { scale, factor } = plan;
  const { localSteps, steps } = stepsOf(plan);
  return [
    ["a device's steps", `${steps}, in ${scale.rounds} rounds of ${localSteps}`],
    ["body", `${million(count(plan, "theta"))} parameters`],
    ...(factor === 1 ? [] : [["scale", `${factor} of the full study`] as const]),
  ];
}

export const seedFact = ({ seeds }: Plan) => ["seeds", `${seeds}`] as const;
export const unseenFact = ({ unseen }: Plan) => ["never seen in training", namesOf(unseen)] as const;

const namesOf = (list: readonly { readonly id: string }[]): string =>
  list.map(({ id }) => id).join(", ") || "none";

export function count({ scale }: Plan, group: Group, vocabulary = scale.globalVocabulary): number {
  return countParameters(modelConfig(scale.model, vocabulary), group);
}

export const million = (parameters: number): string => `${(parameters / 1e6).toFixed(2)} million`;

export const bitsPerByteMeaning =
  "How many bits the model needs, on average, to write down one byte of text that it was not trained on. Lower is better. It compares languages and vocabularies, which perplexity cannot.";

/** What the paper had and this study has not. */
export function smallness(plan: Plan): Section {
  const { scale, seeds, factor, sources } = plan;
  const { steps } = stepsOf(plan);
  const tokens = steps * scale.batch * scale.model.context;
  return {
    title: "What was cut",
    blocks: [
      {
        kind: "prose",
        text:
          `The paper trains bodies of 86 million to 1.2 billion parameters for 5,000 to 13,500 steps, some 20 tokens a parameter. ` +
          `Here a body has ${million(count(plan, "theta"))} parameters and a source ${Math.round(tokens / 1000)} thousand tokens of text` +
          (factor === 1
            ? ""
            : `, ${factor} of the full study's ${Math.round(scale.tokensEach / 1000)} thousand`) +
          `: ${((tokens * sources.length) / count(plan, "theta")).toFixed(1)} tokens a parameter over all sources. ` +
          "Everything stays in the first, steep part of learning, where more steps help more than anything else. " +
          `Directions can be compared with the paper's; sizes of effects hardly. No arm was left out.`,
      },
      {
        kind: "prose",
        text:
          `${seeds} ${seeds === 1 ? "seed gives no idea of chance: a difference may be luck" : "seeds: a claim counts as found only where every seed has the same sign"}. ` +
          `All arms have the same peak learning rate (${scale.peak}); the paper lowers STD's until it no longer diverges, which nothing does here. ` +
          `The second phase has ${adaptSteps(plan)} steps: ${scale.adaptShare} of those of pre-training, as in the paper, but at least ${scale.adaptLeast}, since in fewer steps fresh embeddings learn no more than how common each word is.`,
      },
      {
        kind: "prose",
        text: "The texts are manuals of software: easier than the web, and alike in what they speak of. Their sizes are nearly equal, so the temperature τ of STD has little to act on.",
      },
    ],
  };
}
