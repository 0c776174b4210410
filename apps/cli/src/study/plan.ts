// What a study is asked for, and what all studies' jobs have in common.

import type { LearningRateSettings } from "@homebody/dept";
import type { CorpusSource } from "./corpus.ts";
import type { Job, Load } from "./job.ts";
import { evaluatedShare } from "./job.ts";
import type { Scale } from "./scale.ts";
import type { Recipe, TextRef, TextSize } from "./work.ts";

export interface Plan {
  /** In distribution: what bodies are trained on. */
  readonly sources: readonly CorpusSource[];
  /** Out of distribution: what no body has seen. */
  readonly unseen: readonly CorpusSource[];
  readonly seeds: number;
  readonly scale: Scale;
  /** Multiplies tokens. */
  readonly factor: number;
}

/** Steps of a round, and of all rounds. */
export function stepsOf({ scale, factor }: Plan): { readonly localSteps: number; readonly steps: number } {
  const tokensAStep = scale.batch * scale.model.context;
  const localSteps = Math.max(1, Math.round((factor * scale.tokensEach) / tokensAStep / scale.rounds));
  return { localSteps, steps: localSteps * scale.rounds };
}

export function adaptSteps(plan: Plan): number {
  return Math.max(plan.scale.adaptLeast, Math.round(plan.scale.adaptShare * stepsOf(plan).steps));
}

export const seedsOf = ({ seeds }: Plan): readonly number[] => Array.from({ length: seeds }, (_, i) => i + 1);

/** One schedule over the whole run, a tenth of it warm-up; a third of that of DEPT's recipe would not reach the peak. */
export function recipeOf({ scale }: Plan, steps: number, peak = scale.peak): Recipe {
  const learningRate: LearningRateSettings = {
    peak,
    schedule: "cosine",
    warmupSteps: Math.max(1, Math.round(steps / 20)),
    finalFraction: 0.1,
  };
  return { model: scale.model, batch: scale.batch, learningRate };
}

export const sizeOf = ({ scale }: Plan): TextSize => ({
  context: scale.model.context,
  trainBytes: scale.trainBytes,
  heldOutBytes: scale.heldOutBytes,
});

export const globalName = "global";
export const globalText = ({ id }: CorpusSource): TextRef => ({ source: id, text: `${globalName}/${id}` });
/** The tokenizer of a source's own. */
export const ownName = (source: string): string => `own-${source}`;
export const ownText = ({ id }: CorpusSource): TextRef => ({ source: id, text: `${ownName(id)}/${id}` });
export const dealtText = (i: number): TextRef => ({
  source: `iid-${i + 1}`,
  text: `${globalName}/iid-${i + 1}`,
});

/** The jobs that make a text. */
export const textJob = ({ text }: TextRef): string => `text/${text}`;
export const dealJob = "text/dealt";

/** Tokenizers and packed texts. */
export function textJobs(plan: Plan): Job[] {
  const { sources, unseen, scale } = plan;
  const size = sizeOf(plan);
  const tokenizer = (name: string, folders: readonly string[], vocabulary: number): Job => ({
    id: `tokenizer/${name}`,
    after: [],
    work: { kind: "tokenizer", name, folders, vocabulary, bytesEach: scale.tokenizerBytes },
    loads: [],
  });
  const text = ({ source, text: name }: TextRef, folder: string): Job => {
    const tokenizer = name.split("/")[0]!;
    return {
      id: textJob({ source, text: name }),
      after: [`tokenizer/${tokenizer}`],
      work: { kind: "text", name, tokenizer, folder, source, size, planted: [] },
      loads: [],
    };
  };
  const all = [...sources, ...unseen];
  return [
    tokenizer(
      globalName,
      sources.map(({ folder }) => folder),
      scale.globalVocabulary,
    ),
    ...all.map(({ id, folder }) => tokenizer(ownName(id), [folder], scale.ownVocabulary)),
    ...all.flatMap((source) => [
      text(globalText(source), source.folder),
      text(ownText(source), source.folder),
    ]),
    {
      id: dealJob,
      after: [`tokenizer/${globalName}`],
      work: {
        kind: "deal",
        names: sources.map((_, i) => dealtText(i).text),
        tokenizer: globalName,
        sources: sources.map(({ id, folder }) => ({ id, folder })),
        size,
      },
      loads: [],
    },
  ];
}

/** What training so many steps costs. */
export function trained({ scale }: Plan, vocabulary: number, steps: number): Load {
  return { vocabulary, tokens: steps * scale.batch * scale.model.context };
}

/** What evaluating whole held-out texts costs: about a token each three bytes. */
export function evaluatedTexts({ scale }: Plan, vocabulary: number, texts: number): Load {
  return { vocabulary, tokens: evaluatedShare * texts * (scale.heldOutBytes / 3) };
}
