// Deltas that no training made, and whoever sends them: for tests of what becomes of them.

import { namedTensors, random, sha256Of } from "@homebody/base";
import { encodeDelta } from "@homebody/codec";
import { type Exchange, exchangeOf } from "@homebody/dept";
import type { RunManifest } from "@homebody/protocol";

export const secretOf = (name: string) => sha256Of(new TextEncoder().encode(name));

/** A delta of the run's shape: small numbers of a seed, times a factor. */
export function deltaOf(
  manifest: RunManifest,
  seed: string,
  factor = 1,
  exchange: Exchange = exchangeOf(manifest),
): Uint8Array {
  const dice = random(seed);
  const sections = exchange.sections.map(({ codec, held }) => ({
    codec,
    numbers: namedTensors(
      held,
      Float32Array.from({ length: held.size }, () => 1e-3 * factor * (dice.uniform() - 0.5)),
    ),
  }));
  return encodeDelta(sections).bytes;
}

/** Of more steps than any round of a test has: as many as it has count [C11]. */
export function claimOf(round: number, delta: Uint8Array) {
  return { round, delta: sha256Of(delta), sizeBytes: delta.length, steps: 1000, tokens: 384, loss: 5 };
}
