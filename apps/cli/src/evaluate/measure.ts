// The measures of one model on one corpus. Bits per byte are always taken; the others where they are wanted and where the corpus
// allows them.

import {
  type Accuracy,
  evaluateHeldOut,
  type Pair,
  type ParallelScore,
  pairAccuracy,
  pairsFromText,
  parallelBits,
  perplexity,
  type Scorer,
  scorerOf,
  unigramNormalised,
  withLost,
} from "@homebody/experiment";
import { dimensions } from "@homebody/model";
import {
  heldOutBatches,
  type PackingProgress,
  packing,
  type Score,
  type Shard,
  shardBytes,
  unigram,
  utf8Length,
} from "@homebody/text";
import type { Trainer } from "@homebody/train";
import type { TrainedModel } from "../models/of-run.ts";
import { declaration, udhrCode } from "../udhr.ts";
import type { Corpus } from "./corpora.ts";

export const measures = ["bits-per-byte", "perplexity", "unigram", "udhr", "pairs"] as const;
export type Measure = (typeof measures)[number];

/** `nats` and `bytes` are with those bytes that the model has no token for. */
export interface Measured extends Score {
  /** Of the held-out text: bytes that the model has no token for, where rows of its vocabulary are left out. */
  readonly lostBytes: number;
  /** Null where rows that are left out make the text other tokens than its tokenizer does. */
  readonly perplexity: number | null;
  /** Nats a token less than the unigram model's; null where it was not wanted. */
  readonly unigram: { readonly bitsPerByte: number; readonly normalised: number } | null;
  /** Null where it was not wanted, or where there is no whole declaration in that language. */
  readonly udhr: (ParallelScore & { readonly code: string }) | null;
  /** By kind; null where it was not wanted. */
  readonly pairs: Readonly<Record<string, Accuracy>> | null;
}

export interface MeasureOptions {
  readonly measures: ReadonlySet<Measure>;
  /** Held-out rows that are evaluated. */
  readonly rows: number | "all";
  /** Pairs of each kind. */
  readonly pairs: number;
  readonly seed: string;
  readonly show: (doing: string) => void;
  /** Between two batches: gives way, and throws where it is time to stop. */
  readonly breathe: () => Promise<void>;
}

/** Held-out rows of a batch. */
export const rowsAtOnce = 8;
/** The preamble and thirty articles: a translation that lacks some cannot be compared. */
const wholeDeclaration = 31;

export type Measurer = (
  model: TrainedModel,
  trainer: Pick<Trainer, "evaluate">,
  corpus: Corpus,
) => Promise<Measured>;

export function createMeasurer(options: MeasureOptions): Measurer {
  const { measures, rows, seed, show } = options;
  const pairsOf = remembered((corpus: Corpus) => {
    const { train, heldOut } = corpus.documents;
    return pairsFromText(heldOut, { language: corpus.language, count: options.pairs, seed, counted: train });
  });

  return async (model, trainer, corpus) => {
    const at = `${model.name} on ${corpus.name}`;
    const { config, tokenizer } = model;
    const pack = (documents: readonly string[], share: string) =>
      packed(
        packing(documents, tokenizer, { context: dimensions(config).context, seed: `${seed}/${share}` }),
        options,
      );
    show(`${at}: bits per byte`);
    const heldOut = corpus.prepared?.heldOut ?? (await pack(corpus.documents.heldOut, "held-out"));
    const batches = { batch: rowsAtOnce, sampleRows: rows, seed } as const;
    const breathing = breathingTrainer(model, trainer, options);
    const score = await evaluateHeldOut(breathing, heldOut, batches);
    const lost = lostIn(corpus, heldOut, score);
    let floor: Score | null = null;
    if (measures.has("unigram")) {
      show(`${at}: unigram model`);
      const train = corpus.prepared?.train ?? (await pack(corpus.documents.train, "train"));
      floor = unigram(train, heldOutBatches(heldOut, batches), config.vocab_size);
    }
    const scorer = scorerOf(breathing);
    return {
      ...withLost(score, lost),
      lostBytes: lost,
      perplexity: isWrittenAlike(model, corpus, heldOut) ? perplexity(score) : null,
      unigram: floor && {
        bitsPerByte: withLost(floor, lost).bitsPerByte,
        normalised: unigramNormalised(score, floor),
      },
      udhr: measures.has("udhr")
        ? await declared(model, scorer, corpus, () => show(`${at}: declaration`))
        : null,
      pairs: measures.has("pairs")
        ? await judged(model, scorer, pairsOf(corpus), () => show(`${at}: minimal pairs`))
        : null,
    };
  };
}

/** Bytes without a token; in proportion, where only some rows were evaluated. */
function lostIn({ documents, prepared }: Corpus, heldOut: Shard, { bytes }: Score): number {
  if (prepared !== undefined) return 0;
  const all = documents.heldOut.reduce((sum, document) => sum + utf8Length(document), 0);
  const written = shardBytes(heldOut);
  return Math.round((all - written) * (written === 0 ? 1 : bytes / written));
}

/** Whether the tokens of the held-out text are those of the tokenizer that the model shares with others. */
function isWrittenAlike({ whole }: TrainedModel, { documents, prepared }: Corpus, heldOut: Shard): boolean {
  if (whole === null || prepared !== undefined) return true;
  const tokens = documents.heldOut.reduce((sum, one) => sum + whole.tokenizer.encode(one).length + 1, 0);
  return tokens === heldOut.stream.length - 1;
}

async function declared(
  { tokenizer }: TrainedModel,
  scorer: Scorer,
  { language }: Corpus,
  begin: () => void,
): Promise<Measured["udhr"]> {
  const code = udhrCode(language);
  const articles = code === undefined ? [] : await declaration(code);
  if (code === undefined || articles.length !== wholeDeclaration) return null;
  begin();
  return { code, ...(await parallelBits(scorer, tokenizer, articles)) };
}

export async function judged(
  { tokenizer }: TrainedModel,
  scorer: Scorer,
  pairs: readonly Pair[],
  begin: () => void,
): Promise<Readonly<Record<string, Accuracy>>> {
  begin();
  return Object.fromEntries(await pairAccuracy(scorer, tokenizer, pairs));
}

export function breathingTrainer(
  { config }: TrainedModel,
  trainer: Pick<Trainer, "evaluate">,
  { breathe }: Pick<MeasureOptions, "breathe">,
): Pick<Trainer, "config" | "evaluate"> {
  return {
    config,
    evaluate: async (batch) => {
      await breathe();
      return await trainer.evaluate(batch);
    },
  };
}

async function packed(work: Generator<PackingProgress, Shard>, { breathe }: MeasureOptions): Promise<Shard> {
  for (;;) {
    const step = work.next();
    if (step.done) return step.value;
    await breathe();
  }
}

/** Pairs of a corpus are the same for all models. */
function remembered<K extends object, V>(make: (key: K) => V): (key: K) => V {
  const known = new WeakMap<K, V>();
  return (key) => {
    const value = known.get(key) ?? make(key);
    known.set(key, value);
    return value;
  };
}
