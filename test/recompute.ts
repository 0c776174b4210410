// Each published body, computed again from the deltas that the journal says were accepted: a coordinator that averaged
// nothing, or something else, is found out.

import { meanAccumulator } from "@homebody/aggregate";
import { decodeSafetensors, float32Tensors, type Sha256 } from "@homebody/base";
import { decodeDelta } from "@homebody/codec";
import type { Entry } from "@homebody/coordinator";
import { expect } from "vitest";

/**
 * Expects each body of an averaging run to be the one before it and the mean of its round's deltas, bit for bit; every
 * source weighs the same and has one volunteer.
 *
 * @returns how many bodies there were after the first.
 */
export async function expectMeans(
  entries: readonly Entry[],
  blob: (hash: Sha256) => Promise<Uint8Array | undefined>,
): Promise<number> {
  const facts = entries.map(({ fact }) => fact);
  const bodyOf = async (hash: Sha256) => float32Tensors(decodeSafetensors((await blob(hash))!));
  let bodies = 0;
  let body = await bodyOf(facts.flatMap((fact) => (fact.kind === "created" ? [fact.body] : []))[0]!);
  for (const fact of facts) {
    if (fact.kind !== "published") continue;
    const deltas = facts.flatMap((one) => (one.kind === "accepted" && one.round === fact.round ? [one] : []));
    deltas.sort((x, y) => (x.source < y.source ? -1 : 1));
    expect(new Set(deltas.map(({ source }) => source)).size).toBe(deltas.length);
    const sum = meanAccumulator(body.layout.size);
    for (const { delta } of deltas)
      sum.add(decodeDelta((await blob(delta))!, body.layout).data, 1 / deltas.length);
    const mean = sum.result();
    expect(mean.some((value) => value !== 0)).toBe(true);
    const next = await bodyOf(fact.body);
    expect(next.data).toEqual(body.data.map((value, i) => Math.fround(value + mean[i]!)));
    body = next;
    bodies++;
  }
  return bodies;
}
