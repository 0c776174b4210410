// Closing a round: its accepted deltas become the next body.
//
// Deltas are streamed from the blobs one at a time, in the order that the closed fact states, into one float64
// accumulator: memory is O(body), not O(volunteers). The same facts and blobs give the same bytes, so a
// coordinator that died half-way does it again and publishes the same body [C3]. Between deltas the event loop
// gets its turn.

import { setImmediate as turn } from "node:timers/promises";
import { averaging, cosine, deltaNorm, meanAccumulator, nesterov, sourceWeights } from "@homebody/aggregate";
import {
  decodeSafetensors,
  encodeSafetensors,
  float32Tensors,
  type NamedTensors,
  namedTensors,
  requireSameLayout,
  type Sha256,
  type TensorLayout,
} from "@homebody/base";
import { decodeDelta } from "@homebody/codec";
import type { Aggregation, Command } from "@homebody/coordinator";
import type { RunManifest } from "@homebody/protocol";
import type { Blobs } from "@homebody/store/ports";
import { bodyMetadata } from "./body.ts";
import type { Faults } from "./faults.ts";

export type Published = Omit<Extract<Command, { kind: "published" }>, "servedBytes">;

export interface AveragingParts {
  readonly manifest: RunManifest;
  readonly layout: TensorLayout;
  readonly blobs: Blobs;
  readonly faults: Faults;
}

/** Averages a closing round; when it resolves, the new body is durable in the blobs. */
export async function average(work: Aggregation, parts: AveragingParts): Promise<Published> {
  const { manifest, layout, blobs, faults } = parts;
  const weights = sourceWeights(
    work.deltas.map(({ source, tokens }) => ({ source, tokens })),
    manifest.weighting,
  );
  const sum = meanAccumulator(layout.size);
  for (const [i, { delta }] of work.deltas.entries()) {
    sum.add((await readDelta(delta, parts)).data, weights[i]!);
    await turn();
  }
  const mean = sum.result();
  const cosines: { volunteer: (typeof work.deltas)[number]["volunteer"]; cosine: number }[] = [];
  for (const { volunteer, delta } of work.deltas) {
    cosines.push({ volunteer, cosine: cosine((await readDelta(delta, parts)).data, mean) });
    await turn();
  }
  const before = await readBody(work.body.sha256, layout, blobs);
  const { body, outer } = await outerStep(before.data, mean, work.outer, parts);
  await faults("close:after-aggregate");
  const bytes = encodeSafetensors(namedTensors(layout, body), bodyMetadata(manifest, work.round));
  const sha256 = await blobs.put(bytes);
  await faults("publish:after-blob");
  return {
    kind: "published",
    round: work.round,
    body: sha256,
    bodyBytes: bytes.length,
    outer,
    cosines,
    meanNorm: deltaNorm(mean),
  };
}

async function outerStep(
  before: Float32Array,
  mean: Float32Array,
  stateBlob: Sha256 | null,
  { manifest, layout, blobs }: AveragingParts,
): Promise<{ body: Float32Array; outer: Sha256 | null }> {
  if (manifest.outer.kind === "averaging") {
    const optimiser = averaging();
    return { body: optimiser.update(optimiser.init(before.length), before, mean).body, outer: null };
  }
  const optimiser = nesterov(manifest.outer);
  const momentum =
    stateBlob === null ? optimiser.init(before.length) : (await readBody(stateBlob, layout, blobs)).data;
  const { body, state } = optimiser.update(momentum, before, mean);
  const outer = await blobs.put(encodeSafetensors(namedTensors(layout, state)));
  return { body, outer };
}

async function readDelta(delta: Sha256, { layout, blobs }: AveragingParts): Promise<NamedTensors> {
  return decodeDelta(await existing(delta, blobs), layout);
}

/** A blob of the body's layout: a body, or the state of an outer optimiser. */
export async function readBody(hash: Sha256, layout: TensorLayout, blobs: Blobs): Promise<NamedTensors> {
  const tensors = float32Tensors(decodeSafetensors(await existing(hash, blobs), `body ${hash}`));
  requireSameLayout(tensors.layout, layout, `body ${hash}`);
  return tensors;
}

async function existing(hash: Sha256, blobs: Blobs): Promise<Uint8Array> {
  const bytes = await blobs.get(hash);
  if (bytes === undefined) throw new Error(`blob ${hash}: expected it in the data folder, got nothing`);
  return bytes;
}
