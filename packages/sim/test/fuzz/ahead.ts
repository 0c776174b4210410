// What a device may begin a round from whose body is not there yet, by the rule's own words and by none of the production's code.

import { codecOf } from "@homebody/codec";
import { exchangeOf } from "@homebody/dept";
import type { RunManifest } from "@homebody/protocol";
import { bytesOf, type StoredFile } from "../../../volunteer/src/stored-file.ts";

export interface Known {
  readonly latest: Float32Array;
  /** Null where the latest body is the first; a device leaves it out where the host went back to that one. */
  readonly before: Float32Array | null;
  readonly own: Float32Array;
  /** Null where no delta of the device is in the latest body. */
  readonly ownBefore: Float32Array | null;
  /** What one delta may be of the round's mean. */
  readonly deltas: readonly number[];
  readonly outer: RunManifest["outer"];
}

/** [V55] Whether it is such a start; what a device knew by then may be less than what is known here. */
export function isStart(start: Float32Array, known: Known): boolean {
  const { latest, before, own, ownBefore, deltas, outer } = known;
  const moves = outer.kind === "nesterov" ? outer.lr + outer.lr * outer.momentum : 1;
  const all = [
    [before, ownBefore],
    [before, null],
    [null, null],
  ] as const;
  const isOf = (from: Float32Array | null, late: Float32Array | null, share: number) =>
    start.every((value, i) => {
      const step = from === null ? 0 : latest[i]! - from[i]!;
      const fresh = own[i]! - (late?.[i] ?? 0);
      return Math.abs(value - (latest[i]! + step + share * fresh)) < 1e-5;
    });
  return all.some(([from, late]) => deltas.some((delta) => isOf(from, late, moves * delta)));
}

/** As the coordinator reads it; it is the first section. */
export function thetaOfDelta(manifest: RunManifest, file: StoredFile<unknown>): Float32Array {
  const [theta] = exchangeOf(manifest).sections;
  const { codec, layout } = theta!;
  const bytes = bytesOf(file, "delta", "a delta");
  return codecOf(codec).decode(bytes, layout).numbers.data;
}
