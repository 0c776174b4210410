// Real deltas to measure codecs by: whole rounds are trained on real text, and what the first volunteer sent in the last of
// them is kept in a folder, so that a measurement is repeated without training.

import { join, resolve } from "node:path";
import { type NamedTensors, sha256OfText } from "@homebody/base";
import { decodeDelta } from "@homebody/codec";
import { exchangeOf, formsOf } from "@homebody/dept";
import { canonicalJson, checkRunFile, manifestOf, type RunFile } from "@homebody/protocol";
import { drawBatch, packDocuments, type Shard, trainTokenizer } from "@homebody/text";
import { startBackend } from "@homebody/train";
import { federate } from "../../federation.ts";
import { readSplit } from "../../study/corpus.ts";
import { folderAt, readTensors, writeTensors } from "../../study/folder.ts";

/** Where a delta comes from: so many rounds of a run. */
export interface Origin {
  readonly name: string;
  readonly rounds: number;
  readonly run: RunFile;
}

/**
 * Of the body, as the first source's volunteer sent it in the last round, in single precision. `texts`: a folder a source, with
 * train.jsonl. From `kept` where it is there; else it is trained, and kept there.
 */
export async function realDelta(origin: Origin, texts: string, kept: string): Promise<NamedTensors> {
  const folder = folderAt(kept);
  const print = sha256OfText(canonicalJson({ ...origin, texts: resolve(texts) })).slice(0, 16);
  const file = `${origin.name}-${print}.safetensors`;
  if ((await folder.read(file)) !== undefined) return await readTensors(folder, file);
  const delta = await trained(origin, texts);
  await writeTensors(folder, file, delta);
  return delta;
}

async function trained({ run, rounds }: Origin, texts: string): Promise<NamedTensors> {
  const sources = run.sources.map(({ train: _, heldOut: __, ...source }) => ({ ...source, text: "brought" }));
  const round = { ...run.round, minimumSeconds: 0 };
  const manifest = manifestOf(checkRunFile({ ...run, sources, round, codec: "fp32" }), new Map());
  const { seed, localSteps, batch } = manifest.training;
  const shards = new Map<string, Shard>();
  for (const { id, vocabulary } of run.sources)
    shards.set(id, await packed(join(texts, id), vocabulary as number, run.model.context));
  const first = run.sources[0]!.id;
  const sent: Uint8Array[] = [];
  await startBackend("wasm", { threads: 1 });
  await federate({
    manifest,
    rowsOf: () => null,
    rounds: Array.from({ length: rounds }, () => run.sources.map(({ id }) => id)),
    batchOf: (round, source, step, { slot, slots }) =>
      drawBatch(shards.get(source)!, {
        ...{ seed, source, slot, slots, round: round - 1, step, localSteps, batch },
      }),
    sent: (bytes, name, round) => {
      if (name === first && round === rounds) sent.push(bytes.slice());
    },
  });
  const [theta] = decodeDelta(Buffer.concat(sent), formsOf(exchangeOf(manifest)));
  return theta!.numbers;
}

async function packed(folder: string, vocabulary: number, context: number): Promise<Shard> {
  const { train } = await readSplit(folder);
  return packDocuments(train, await trainTokenizer(train, { vocabulary }), { context, seed: "wire" });
}
