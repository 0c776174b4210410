// From one delta back to text, in two ways.
//
// Which words: a word's row of phi moves otherwise when the word occurs. Rows that do not occur move alike, by what the
// softmax takes from all of them, so a row's distance from what is usual tells (with tied embeddings; where phi travels).
//
// Which text: gradient matching (Zhu et al., arXiv 1906.08935; for discrete tokens by search, place by place, as in LAMP,
// Balunovic et al., arXiv 2202.08827). The first step of AdamW is almost the sign of the gradient, so what is matched is how
// many signs of theta's delta agree; theta travels in every variant.

import { random } from "@homebody/base";
import { decodeDelta } from "@homebody/codec";
import { type Exchange, exchangeFor, firstNumbers, formsOf, wordsSeed } from "@homebody/dept";
import { adaptingOptions, loadParameters, type Parameters } from "@homebody/experiment";
import { type Group, groupLayout, initialParameters } from "@homebody/model";
import { checkRunFile, manifestOf, type RunManifest } from "@homebody/protocol";
import { type Batch, drawBatch, type Shard } from "@homebody/text";
import { createMeasuringTrainer, type MeasuringTrainer } from "@homebody/train/measuring";
import { federate } from "../../federation.ts";
import type { Row } from "../job.ts";
import { mean } from "../report/statistics.ts";
import type { ReconstructWork } from "../work.ts";
import { type Made, type Performing, textOf, turn } from "./performing.ts";

/** Signs of what a delta moved, by the tensor's name. */
type Signs = ReadonlyMap<string, Int8Array>;

export async function reconstruct(work: ReconstructWork, performing: Performing): Promise<Made> {
  const { arm, seed, localSteps, tries, text: ref } = work;
  const { train } = await textOf(performing, ref);
  const manifest = manifestFor(work);
  const exchange = exchangeFor(manifest, manifest.sources[0]!, null);
  const trainer = createMeasuringTrainer(adaptingOptions(exchange.config));
  const bodyNames = new Set(groupLayout(exchange.config, "theta").slots.map(({ name }) => name));
  const found: { readonly share: number; readonly chance: number; readonly words: number | null }[] = [];
  try {
    for (let one = 0; one < tries; one++) {
      const batchOf = (step: number): Batch => rowOf(train, work, one, step);
      const moved = await deltaOf(manifest, exchange, batchOf);
      const body = new Map([...moved].filter(([name]) => bodyNames.has(name)));
      const truth = batchOf(0);
      loadParameters(trainer, knownTo(work, manifest, exchange));
      const guess = await matched(trainer, body, truth, `${seed}/${one}`, performing);
      found.push({
        share: shareOf(guess, truth.inputs),
        chance: shareOf(shuffledGuess(train, truth.inputs.length, `${seed}/${one}/chance`), truth.inputs),
        words: auc(moved.get(wordsTensor(exchange)), exchange, wordsOf(localSteps, batchOf)),
      });
    }
  } finally {
    trainer.dispose();
  }
  const about = { arm, seed, phase: work.knows, source: ref.source, step: localSteps };
  const rows: Row[] = [
    { ...about, measure: "tokens found in their place", value: mean(found.map(({ share }) => share)) },
    {
      ...about,
      measure: "the same by guessing common tokens",
      value: mean(found.map(({ chance }) => chance)),
    },
  ];
  const words = found.flatMap((one) => one.words ?? []);
  if (words.length > 0) rows.push({ ...about, measure: "words told apart (AUC)", value: mean(words) });
  return { rows, provenance: { run: manifest.run } };
}

function manifestFor({
  variant,
  codec,
  vocabulary,
  recipe,
  localSteps,
  seed,
  text,
}: ReconstructWork): RunManifest {
  const file = checkRunFile({
    name: "one delta",
    description: "an arm of a study",
    model: recipe.model,
    variant,
    vocabulary: variant === "spec" ? { kind: "own" } : { kind: "global", size: vocabulary, file: "given" },
    sources: [
      {
        ...{ id: text.source, title: text.source, language: "und", text: "brought" },
        ...(variant === "spec" ? { vocabulary } : {}),
      },
    ],
    training: { localSteps, batch: recipe.batch, learningRate: recipe.learningRate, seed },
    codec,
    rounds: 1,
    round: { minimum: 1, deadlineSeconds: 86_400, minimumSeconds: 0 },
    newcomerRounds: 1,
  });
  return manifestOf(file, new Map());
}

function rowOf(
  shard: Shard,
  { seed, localSteps, recipe }: ReconstructWork,
  one: number,
  step: number,
): Batch {
  const draw = { source: "leak", slot: 0, slots: 1, round: one, localSteps, batch: recipe.batch };
  return drawBatch(shard, { seed, ...draw, step });
}

/** What went over the line in the first round, as the coordinator decodes it: production's own bytes. */
async function deltaOf(
  manifest: RunManifest,
  exchange: Exchange,
  batchOf: (step: number) => Batch,
): Promise<Signs> {
  const pieces: Uint8Array[] = [];
  const { id } = manifest.sources[0]!;
  await federate({
    manifest,
    rowsOf: () => null,
    rounds: [[id]],
    batchOf: (_, __, step) => batchOf(step),
    sent: (bytes) => pieces.push(bytes.slice()),
  });
  const bytes = new Uint8Array(Buffer.concat(pieces));
  const signs = new Map<string, Int8Array>();
  for (const [i, { numbers }] of decodeDelta(bytes, formsOf(exchange)).entries()) {
    const { layout } = exchange.sections[i]!;
    for (const { name, offset, size } of layout.slots)
      signs.set(name, Int8Array.from(numbers.data.subarray(offset, offset + size), Math.sign));
  }
  return signs;
}

/** What the attacker begins from: theta is published; words are, where they travel or were told. */
function knownTo(
  { knows, seed, text }: ReconstructWork,
  manifest: RunManifest,
  exchange: Exchange,
): Parameters {
  const first = (group: Group) => {
    if (group !== "theta" && knows === "nothing of words")
      return initialParameters(exchange.config, [group], `${seed}/attacker`);
    const section = exchange.sections.find((one) => one.group === group);
    return section === undefined
      ? initialParameters(exchange.config, [group], wordsSeed(manifest.training.seed, text.source))
      : firstNumbers(manifest, section);
  };
  return { theta: first("theta"), phi: first("phi"), psi: first("psi") };
}

/** Tokens, place by place the one whose gradient agrees best; two rounds over all places. */
async function matched(
  trainer: MeasuringTrainer,
  moved: Signs,
  { rows, context }: Batch,
  seed: string,
  performing: Performing,
): Promise<Int32Array> {
  const dice = random(seed);
  const { vocab_size: vocabulary } = trainer.config;
  const length = rows * context;
  const guess = Int32Array.from({ length }, () => dice.below(vocabulary));
  const agreement = async () => {
    // The target of a place is the token of the next one; of the last one nothing is known.
    const targets = guess.map((_, at) => (at % context === context - 1 ? -100 : guess[at + 1]!));
    performing.passed(length);
    const { gradients } = await trainer.gradients({ inputs: guess, targets, rows, context });
    let [same, of] = [0, 0];
    for (const { name, offset, size } of gradients.layout.slots) {
      const signs = moved.get(name);
      if (signs === undefined) continue;
      for (let i = 0; i < size; i++) same -= signs[i]! * Math.sign(gradients.data[offset + i]!);
      of += size;
    }
    return same / of;
  };
  let best = await agreement();
  for (let round = 0; round < 2; round++)
    for (let at = 0; at < length; at++) {
      let kept = guess[at]!;
      for (let token = 0; token < vocabulary; token++) {
        guess[at] = token;
        const now = await agreement();
        if (now > best) [best, kept] = [now, token];
      }
      guess[at] = kept;
      await turn();
    }
  return guess;
}

const shareOf = (guess: ArrayLike<number>, truth: Int32Array): number =>
  truth.reduce((sum, token, at) => sum + (token === guess[at] ? 1 : 0), 0) / truth.length;

/** Tokens drawn as often as they occur in the text: what one would guess without a delta. */
function shuffledGuess({ stream }: Shard, length: number, seed: string): Int32Array {
  const dice = random(seed);
  return Int32Array.from({ length }, () => stream[dice.below(stream.length)]!);
}

function wordsOf(localSteps: number, batchOf: (step: number) => Batch): ReadonlySet<number> {
  const words = new Set<number>();
  for (let step = 0; step < localSteps; step++) {
    const { inputs, targets } = batchOf(step);
    for (const token of [...inputs, ...targets]) if (token >= 0) words.add(token);
  }
  return words;
}

const wordsTensor = ({ config }: Exchange): string => groupLayout(config, "phi").slots[0]!.name;

/**
 * How often a word that occurs ranks before one that does not, by how far its row's signs are from what is usual: 1 tells
 * all apart, 0.5 is chance. Null where phi did not travel, or all words occur.
 */
export function auc(
  signs: Int8Array | undefined,
  { config }: Pick<Exchange, "config">,
  words: ReadonlySet<number>,
) {
  if (signs === undefined) return null;
  const { vocab_size: vocabulary } = config;
  const width = signs.length / vocabulary;
  const usual = Float64Array.from({ length: width }, (_, j) => {
    let sum = 0;
    for (let row = 0; row < vocabulary; row++) sum += signs[row * width + j]!;
    return sum;
  });
  const distances = Array.from({ length: vocabulary }, (_, row) => {
    let agrees = 0;
    for (let j = 0; j < width; j++) agrees += signs[row * width + j]! * usual[j]!;
    return -agrees;
  });
  const [there, others] = [[] as number[], [] as number[]];
  for (const [row, distance] of distances.entries()) (words.has(row) ? there : others).push(distance);
  if (there.length === 0 || others.length === 0) return null;
  let wins = 0;
  for (const one of there) for (const other of others) wins += one > other ? 1 : one === other ? 0.5 : 0;
  return wins / (there.length * others.length);
}
