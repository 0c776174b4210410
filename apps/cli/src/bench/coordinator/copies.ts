// The least that taking a delta can cost: its bytes are copied, and its numbers added to a sum.

import { decodeDelta } from "@homebody/codec";
import { exchangeOf, formsOf } from "@homebody/dept";
import type { RunManifest } from "@homebody/protocol";
import type { BenchDelta } from "./deltas.ts";

const measuredMs = 300;

export function copiesPerSecond(manifest: RunManifest, { pieces, sizeBytes }: BenchDelta): number {
  const to = new Uint8Array(sizeBytes);
  const copy = () => {
    let at = 0;
    for (const piece of pieces) {
      to.set(piece, at);
      at += piece.length;
    }
  };
  copy();
  const numbers = decodeDelta(to, formsOf(exchangeOf(manifest))).map((section) => section.numbers.data);
  const sums = numbers.map(({ length }) => new Float64Array(length));
  const began = performance.now();
  let count = 0;
  for (; performance.now() - began < measuredMs; count++) {
    copy();
    for (const [i, sum] of sums.entries()) add(sum, numbers[i]!);
  }
  return (1000 * count) / (performance.now() - began);
}

function add(sum: Float64Array, numbers: Float32Array): void {
  for (let i = 0; i < sum.length; i++) sum[i]! += numbers[i]!;
}
