// Deltas that no training made: true ones of the run, in half precision, each with numbers of its own.

import { hasher, namedTensors, random, type Sha256 } from "@homebody/base";
import { encodeDelta } from "@homebody/codec";
import { exchangeOf } from "@homebody/dept";
import { chunkBytes, type RunManifest } from "@homebody/protocol";

export interface BenchDelta {
  readonly sha256: Sha256;
  /** As they are sent: at most `chunkBytes` each. */
  readonly pieces: readonly Uint8Array[];
  readonly sizeBytes: number;
}

/** The n-th is as all others but for two numbers, so that a thousand of them share nearly all of their bytes. */
export function deltasOf(manifest: RunManifest): (n: number) => BenchDelta {
  const dice = random("line");
  const { sections } = exchangeOf(manifest);
  const small = (size: number) => Float32Array.from({ length: size }, () => 1e-3 * (dice.uniform() - 0.5));
  const numbers = sections.map(({ codec, held }) => ({
    codec,
    numbers: namedTensors(held, small(held.size)),
  }));
  const { bytes } = encodeDelta(numbers);
  const rest = piecesOf(bytes.subarray(chunkBytes));
  const firstHalf = bytes.length - 2 * sections[0]!.held.size;
  return (n) => {
    const first = bytes.slice(0, chunkBytes);
    const halves = new DataView(first.buffer, firstHalf);
    for (const [i, bits] of [n & 1023, n >>> 10].entries()) halves.setUint16(2 * i, 0x4000 + bits, true);
    const pieces = [first, ...rest];
    return { sha256: hashOf(pieces), pieces, sizeBytes: bytes.length };
  };
}

function piecesOf(bytes: Uint8Array): readonly Uint8Array[] {
  const count = Math.ceil(bytes.length / chunkBytes);
  return Array.from({ length: count }, (_, i) => bytes.subarray(i * chunkBytes, (i + 1) * chunkBytes));
}

function hashOf(pieces: readonly Uint8Array[]): Sha256 {
  const hash = hasher();
  for (const piece of pieces) hash.add(piece);
  return hash.done();
}
