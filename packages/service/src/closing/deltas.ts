// The deltas of a closing round, as numbers.
//
// Each is wanted several times: for its size, for the mean, and to be compared with it; in a robust average once more a slice, in
// each of its passes. Decoded numbers are kept in between as far as they fit, so that small runs decode each delta once, and
// memory stays bounded in large ones.

import { decodeDelta } from "@homebody/codec";
import type { AcceptedDelta } from "@homebody/coordinator";
import { type Exchange, formsOf } from "@homebody/dept";
import type { Blobs } from "@homebody/store/ports";
import { existing } from "../existing.ts";

export interface ClosingDelta {
  readonly fact: AcceptedDelta;
  readonly exchange: Exchange;
}

/** Section by section, in the exchange's order. */
export type DeltaNumbers = readonly Float32Array[];

export interface DeltaReader {
  read(delta: ClosingDelta): Promise<DeltaNumbers>;
}

export const defaultKeptBytes = 256 * 2 ** 20;

export function deltaReader(blobs: Pick<Blobs, "get">, mostKeptBytes = defaultKeptBytes): DeltaReader {
  const kept = new Map<ClosingDelta, DeltaNumbers>();
  let room = mostKeptBytes;
  return {
    async read(delta) {
      const known = kept.get(delta);
      if (known !== undefined) return known;
      const decoded = decodeDelta(await existing(delta.fact.delta, blobs), formsOf(delta.exchange));
      const numbers = decoded.map((section) => section.numbers.data);
      const bytes = numbers.reduce((sum, { byteLength }) => sum + byteLength, 0);
      if (bytes <= room) {
        room -= bytes;
        kept.set(delta, numbers);
      }
      return numbers;
    },
  };
}
