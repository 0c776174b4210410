// Each published body, computed again from the deltas that the journal says were accepted: a coordinator that averaged
// nothing, or something else, is found out. For vitest and Playwright, so it asserts by neither's expect.

import assert from "node:assert/strict";
import { averaging, meanAccumulator } from "@homebody/aggregate";
import { decodeSafetensors, float32Tensors, type Sha256 } from "@homebody/base";
import { decodeDelta } from "@homebody/codec";
import type { Entry } from "@homebody/coordinator";

/**
 * Asserts that each body of an averaging run that is still kept is the first one and the means of all rounds' deltas up
 * to it, bit for bit. Every source weighs the same, and has one delta in each round.
 *
 * @returns the rounds whose bodies were compared.
 */
export async function assertMeans(
  entries: readonly Entry[],
  sources: number,
  blob: (hash: Sha256) => Promise<Uint8Array | undefined>,
): Promise<readonly number[]> {
  const facts = entries.map(({ fact }) => fact);
  const first = facts.flatMap((fact) => (fact.kind === "created" ? [fact.body] : []))[0]!;
  const { layout, data } = float32Tensors(decodeSafetensors((await blob(first))!));
  let body = data;
  const compared: number[] = [];
  for (const fact of facts) {
    if (fact.kind !== "published") continue;
    const deltas = facts.flatMap((one) => (one.kind === "accepted" && one.round === fact.round ? [one] : []));
    assert.equal(deltas.length, sources, `round ${fact.round}: a delta of each source`);
    assert.equal(new Set(deltas.map(({ source }) => source)).size, sources);
    deltas.sort((x, y) => (x.source < y.source ? -1 : 1));
    const sum = meanAccumulator(layout.size);
    for (const { delta } of deltas) sum.add(decodeDelta((await blob(delta))!, layout).data, 1 / sources);
    const next = averaging().update(new Float32Array(0), body, sum.result()).body;
    assert.ok(!same(next, body), `round ${fact.round}: its deltas change the body`);
    body = next;
    const published = await blob(fact.body);
    if (published === undefined) continue;
    const kept = float32Tensors(decodeSafetensors(published)).data;
    assert.ok(same(kept, body), `round ${fact.round}: the body is the mean of its deltas, bit for bit`);
    compared.push(fact.round);
  }
  return compared;
}

const bits = (numbers: Float32Array) => Buffer.from(numbers.buffer, numbers.byteOffset, numbers.byteLength);
const same = (a: Float32Array, b: Float32Array) => bits(a).equals(bits(b));
