// Each published body, computed again from the deltas that the journal says were accepted: a coordinator that averaged
// nothing, or something else, is found out.

import { meanAccumulator } from "@homebody/aggregate";
import { decodeSafetensors, float32Tensors, type Sha256 } from "@homebody/base";
import { decodeDelta } from "@homebody/codec";
import type { Entry } from "@homebody/coordinator";
import { expect } from "vitest";

/**
 * Expects each body of an averaging run that is still kept to be the first one and the means of all rounds' deltas up to
 * it, bit for bit; every source weighs the same and has one volunteer.
 *
 * @returns the rounds whose bodies were compared.
 */
export async function expectMeans(
  entries: readonly Entry[],
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
    deltas.sort((x, y) => (x.source < y.source ? -1 : 1));
    expect(new Set(deltas.map(({ source }) => source)).size).toBe(deltas.length);
    const sum = meanAccumulator(layout.size);
    for (const { delta } of deltas)
      sum.add(decodeDelta((await blob(delta))!, layout).data, 1 / deltas.length);
    const mean = sum.result();
    expect(mean.some((value) => value !== 0)).toBe(true);
    body = body.map((value, i) => Math.fround(value + mean[i]!));
    const published = await blob(fact.body);
    if (published === undefined) continue;
    expect(float32Tensors(decodeSafetensors(published)).data).toEqual(body);
    compared.push(fact.round);
  }
  return compared;
}
