// Error feedback as a volunteer's disk shows it: what a delta leaves out, by what was trained and what was left before.

import assert from "node:assert/strict";
import { type NamedTensors, namedTensors, type Sha256, sha256Of } from "@homebody/base";
import { encodeDelta, withResidual } from "@homebody/codec";
import { exchangeOf } from "@homebody/dept";
import type { RunManifest } from "@homebody/protocol";
import { bytesOf, type StoredFile, tensorsOf } from "../../../volunteer/src/stored-file.ts";

export interface Carried {
  /** Looks at a delta as it is stored. `trained`: theta as it was read, and as it was when the round began. */
  delta(
    file: StoredFile<unknown>,
    of: { readonly round: number; readonly homeRound: number },
    trained: { readonly theta: Float32Array; readonly from: Float32Array },
  ): void;
  /** Looks at what an accepted delta of this round has left. */
  home(file: StoredFile<unknown>, round: number): void;
}

/** Of one device. */
export function carriedBy(manifest: RunManifest): Carried {
  const [theta] = exchangeOf(manifest).sections;
  const { layout, codec } = theta!;
  const { errorFeedback } = manifest;
  /** By round, what its delta left of theta; and the hash of all that it left. */
  const left = new Map<number, { readonly numbers: NamedTensors; readonly all: Sha256 }>();
  return {
    delta(file, { round, homeRound }, trained) {
      const isOff = errorFeedback === "off";
      assert.equal(residualHash(file) === null, isOff, "[V47] what is left out is stored with the delta");
      if (isOff) return;
      const moved = namedTensors(
        layout,
        trained.theta.map((value, i) => value - trained.from[i]!),
      );
      const before = left.get(homeRound);
      const residual = before === undefined ? null : { round: homeRound, numbers: before.numbers };
      const dropped = namedTensors(layout);
      const whole = withResidual(moved, residual, round, errorFeedback);
      const { bytes } = encodeDelta([{ codec, numbers: whole }], [dropped.data]);
      const sent = bytesOf(file, "delta", "a delta").subarray(0, bytes.length);
      assert.deepEqual(
        sent,
        bytes,
        `[V47] round ${round}: what was trained, and what round ${homeRound} left`,
      );
      const numbers = tensorsOf(file, "residual", layout, "a delta");
      assert.deepEqual(numbers.data, dropped.data, `[V47] round ${round}: what its bytes leave out`);
      left.set(round, { numbers, all: residualHash(file)! });
    },
    home(file, round) {
      const expected = round === 0 ? null : (left.get(round)?.all ?? null);
      assert.equal(residualHash(file), expected, `[V47] [V48] what the delta of round ${round} left out`);
    },
  };
}

/** Of all that is carried, by name; null where there is nothing. */
export function residualHash({ tensors }: Pick<StoredFile<unknown>, "tensors">): Sha256 | null {
  const names = [...tensors.keys()].filter((name) => name.startsWith("residual/")).sort();
  if (names.length === 0) return null;
  const hashes = names.map((name) => {
    const { buffer, byteOffset, byteLength } = tensors.get(name)!.data;
    return `${name} ${sha256Of(new Uint8Array(buffer, byteOffset, byteLength))}`;
  });
  return sha256Of(new TextEncoder().encode(hashes.join("\n")));
}
