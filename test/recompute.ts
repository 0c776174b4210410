// Each published body, computed again from the deltas that the journal says were accepted: a coordinator that averaged
// nothing, or something else, is found out. The mean is written out here in plain float64, and shares no code with the
// production's. For vitest and Playwright, so it asserts by neither's expect.

import assert from "node:assert/strict";
import { decodeSafetensors, float32Tensors, type Sha256 } from "@homebody/base";
import { decodeDelta } from "@homebody/codec";
import type { Entry } from "@homebody/coordinator";
import { exchangeFor, type RowMap, rowMapFrom, type Section } from "@homebody/dept";
import type { ManifestSource, RunManifest } from "@homebody/protocol";

type ReadBlob = (hash: Sha256) => Promise<Uint8Array | undefined>;

interface Received {
  readonly source: string;
  readonly sections: readonly Section[];
  readonly numbers: readonly Float32Array[];
}

/**
 * Asserts that each body of an averaging run that is still kept is the first one and the means of all rounds' deltas up
 * to it, within float32's rounding; rows that nobody holds bit for bit. Every source has one delta in each round.
 *
 * @returns the rounds whose bodies were compared.
 */
export async function assertMeans(
  entries: readonly Entry[],
  sources: number,
  blob: ReadBlob,
): Promise<readonly number[]> {
  const facts = entries.map(({ fact }) => fact);
  const first = facts[0]!;
  assert.equal(first.kind, "created");
  if (first.kind !== "created") return [];
  const { manifest } = first;
  const body = new Map<string, Float32Array>();
  for (const { name, sha256 } of first.sections) body.set(name, (await tensors(sha256, blob))!);
  const compared: number[] = [];
  for (const fact of facts) {
    if (fact.kind !== "published") continue;
    const deltas = facts.flatMap((one) => (one.kind === "accepted" && one.round === fact.round ? [one] : []));
    assert.equal(deltas.length, sources, `round ${fact.round}: a delta of each source`);
    assert.equal(new Set(deltas.map(({ source }) => source)).size, sources);
    const received: Received[] = [];
    for (const { delta, source, rows } of deltas) {
      const own = manifest.sources.find(({ id }) => id === source)!;
      const map = rows === null ? null : rowMapFrom((await blob(rows))!, own.vocabulary);
      received.push(receivedOf(manifest, own, map, (await blob(delta))!));
    }
    for (const [s, { name, sha256 }] of fact.sections.entries()) {
      const before = body.get(name)!;
      const { next, held } = addMean(before, s, received);
      assert.ok(!same(next, before), `round ${fact.round}: its deltas change ${name}`);
      body.set(name, next);
      const published = await tensors(sha256, blob);
      if (published === undefined) continue;
      assert.equal(published.length, next.length);
      for (let i = 0; i < next.length; i++) {
        const error = Math.abs(published[i]! - next[i]!);
        const bound = held[i] === 0 ? 0 : 2 ** -22 * Math.max(1e-3, Math.abs(next[i]!));
        assert.ok(error <= bound, `round ${fact.round}, ${name}[${i}]: ${next[i]}, got ${published[i]}`);
      }
      body.set(name, published); // rounding does not add up
      if (s === 0) compared.push(fact.round);
    }
  }
  return compared;
}

function receivedOf(
  manifest: RunManifest,
  source: ManifestSource,
  rows: RowMap | null,
  bytes: Uint8Array,
): Received {
  const { sections } = exchangeFor(manifest, source, rows);
  const forms = sections.map(({ codec, held }) => ({ codec, layout: held }));
  return {
    source: source.id,
    sections,
    numbers: decodeDelta(bytes, forms).map(({ numbers }) => numbers.data),
  };
}

/** Number by number: the sum of what its holders say, over how many they are. */
function addMean(before: Float32Array, s: number, received: readonly Received[]) {
  const sum = new Float64Array(before.length);
  const held = new Float64Array(before.length);
  for (const { sections, numbers } of received) {
    const { layout, rows } = sections[s]!;
    let from = 0;
    for (const { offset, size, shape } of layout.slots) {
      const width = size / shape[0]!;
      for (let row = 0; row < shape[0]!; row++) {
        if (rows !== null && !rows.ids.includes(row)) continue;
        for (let j = 0; j < width; j++) {
          const at = offset + row * width + j;
          sum[at] = sum[at]! + numbers[s]![from]!;
          held[at] = held[at]! + 1;
          from += 1;
        }
      }
    }
  }
  const next = before.map((x, i) => (held[i] === 0 ? x : x + Math.fround(sum[i]! / held[i]!)));
  return { next, held };
}

async function tensors(hash: Sha256, blob: ReadBlob): Promise<Float32Array | undefined> {
  const bytes = await blob(hash);
  return bytes && float32Tensors(decodeSafetensors(bytes)).data;
}

const bits = (numbers: Float32Array) => Buffer.from(numbers.buffer, numbers.byteOffset, numbers.byteLength);
const same = (a: Float32Array, b: Float32Array) => bits(a).equals(bits(b));
