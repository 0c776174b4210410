// What a job has while it is performed, and what several kinds of jobs do alike.

import { type NamedTensors, namedTensors, sha256Of, tensorByName, tensorLayout } from "@homebody/base";
import { adaptingOptions, evaluateHeldOut, type Parameters, perplexity } from "@homebody/experiment";
import { type Group, groupLayout, groups, type ModelConfig } from "@homebody/model";
import type { SectionName } from "@homebody/protocol";
import { bitsPerByte, type Score, type Shard } from "@homebody/text";
import { createTrainer, type Trainer } from "@homebody/train";
import { type Folder, readTensors, readText, readTokenizer, writeTensors } from "../folder.ts";
import { evaluatedShare, type JobResult, type Row } from "../job.ts";
import type { TextRef } from "../work.ts";

export interface Performing {
  readonly folder: Folder;
  /** Of the job. */
  readonly id: string;
  /** Tokens that went through a model: evaluated ones count a third. */
  readonly passed: (tokens: number) => void;
}

/** Training in WebAssembly never waits for anything: this lets the process hear that it is to end. */
export const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

/** Seconds that this process computed since then, however busy the machine was. */
export function processorSeconds(since: NodeJS.CpuUsage): number {
  const { user, system } = process.cpuUsage(since);
  return (user + system) / 1e6;
}

export type Made = Omit<JobResult, "id" | "seconds">;

export const nothingMade: Made = { rows: [], provenance: {} };

/** Who and what a row is about. */
export type About = Pick<Row, "arm" | "seed" | "phase" | "step">;

export async function textOf({ folder }: Performing, { text }: TextRef) {
  return await readText(folder, text, await readTokenizer(folder, text.split("/")[0]!));
}

/** Owned by the caller. */
export function trainerOf(config: ModelConfig): Trainer {
  return createTrainer(adaptingOptions(config));
}

/** Of the same rows for every arm of a vocabulary. */
export async function evaluated(
  trainer: Trainer,
  heldOut: Shard,
  batch: number,
  { passed }: Performing,
): Promise<Score> {
  const score = await evaluateHeldOut(trainer, heldOut, { batch, sampleRows: "all", seed: "study" });
  passed(score.tokens * evaluatedShare);
  return score;
}

/** Bits per byte compare across vocabularies; perplexity only where the vocabulary is one. */
export function rowsOf(about: About, source: string, score: Pick<Score, "nats" | "tokens" | "bytes">): Row[] {
  const row = (measure: string, value: number) => ({ ...about, source, measure, value });
  return [row("bits per byte", bitsPerByte(score.nats, score.bytes)), row("perplexity", perplexity(score))];
}

/** On each text, with the trainer's own vocabulary. */
export async function evaluatedOn(
  texts: readonly TextRef[],
  trainer: Trainer,
  batch: number,
  about: About,
  performing: Performing,
): Promise<Row[]> {
  const rows: Row[] = [];
  for (const ref of texts) {
    const { heldOut } = await textOf(performing, ref);
    rows.push(...rowsOf(about, ref.source, await evaluated(trainer, heldOut, batch, performing)));
  }
  return rows;
}

/** The norm of all of a body's numbers, over the root of how many they are: whether training is stable. */
export function rootMeanSquare({ data }: NamedTensors): number {
  return Math.sqrt(data.reduce((sum, value) => sum + value * value, 0) / data.length);
}

const bodyFile = (job: string) => `bodies/${job}.safetensors`;

/** What a job leaves for others: theta, and embeddings where all sources share them. */
export async function keepBody(
  { folder, id }: Performing,
  body: ReadonlyMap<SectionName, NamedTensors>,
): Promise<Record<string, string>> {
  const whole = joined(groups.flatMap((group) => body.get(group) ?? []));
  await writeTensors(folder, bodyFile(id), whole);
  return { body: sha256Of(new Uint8Array(whole.data.buffer)) };
}

const wordsFile = (job: string, source: string) => `words/${job}/${source}.safetensors`;

/** Embeddings that are one source's own: of its device, or those that the coordinator keeps for it. */
export async function keepWords(
  { folder, id }: Performing,
  source: string,
  words: ReadonlyMap<"phi" | "psi", NamedTensors>,
): Promise<void> {
  await writeTensors(folder, wordsFile(id, source), joined([...words.values()]));
}

export async function keptWords({ folder }: Performing, job: string, source: string, config: ModelConfig) {
  const file = await readTensors(folder, wordsFile(job, source));
  return { phi: taken(file, config, "phi"), psi: taken(file, config, "psi") };
}

export async function keptBody({ folder }: Performing, job: string, config: ModelConfig, group: Group) {
  return taken(await readTensors(folder, bodyFile(job)), config, group);
}

function joined(parts: readonly NamedTensors[]): NamedTensors {
  const whole = namedTensors(tensorLayout(parts.flatMap(({ layout }) => layout.slots)));
  let at = 0;
  for (const { data } of parts) {
    whole.data.set(data, at);
    at += data.length;
  }
  return whole;
}

function taken(file: NamedTensors, config: ModelConfig, group: Group): NamedTensors {
  const tensors = namedTensors(groupLayout(config, group));
  for (const { name, offset } of tensors.layout.slots) tensors.data.set(tensorByName(file, name), offset);
  return tensors;
}

export const mapOf = (parameters: Parameters): ReadonlyMap<Group, NamedTensors> =>
  new Map(groups.map((group) => [group, parameters[group]]));
