// The same in WebAssembly (assembly/): a tensor's numbers go through the module's memory, a tile at a time.

import { type Arithmetic, blockSize, infinity, mostScale } from "../arithmetic.ts";
import { type SimdFunctions, simd } from "./bytes.ts";

/** Numbers: large, since each tile makes a few views of what is its own; a multiple of a block. */
export const tileSize = 262_144;

const scratchAt = 1024;
const numbersAt = scratchAt + 4 * blockSize;
const droppedAt = numbersAt + 4 * tileSize;
/** Of levels, or of halves. */
const bytesAt = droppedAt + 4 * tileSize;
const scalesAt = bytesAt + 2 * tileSize;
const memoryPages = Math.ceil((scalesAt + 2 * (tileSize / blockSize)) / 65_536);

/** Null where this machine has no SIMD, or the page may not compile. */
export function wasmArithmetic(): Arithmetic | null {
  const code = Uint8Array.from(atob(simd), (character) => character.charCodeAt(0));
  if (!WebAssembly.validate(code)) return null;
  const memory = new WebAssembly.Memory({ initial: memoryPages, maximum: memoryPages });
  try {
    const instance = new WebAssembly.Instance(new WebAssembly.Module(code), { env: { memory } });
    return arithmetic(instance.exports as unknown as SimdFunctions, memory.buffer);
  } catch (error) {
    if (error instanceof WebAssembly.CompileError) return null;
    throw error;
  }
}

function arithmetic(functions: SimdFunctions, memory: ArrayBuffer): Arithmetic {
  const tile = tileIn(memory);
  return {
    largest(values) {
      let most = 0;
      for (let from = 0; from < values.length; from += tileSize) {
        const count = tile.load(values, from, 4);
        most = Math.max(most, functions.largest(numbersAt, count));
      }
      return most;
    },
    writeLevels(values, width, { scales, levels }, dropped) {
      const keep = dropped === undefined ? 0 : droppedAt;
      let most = 0;
      for (let from = 0; from < values.length; from += tileSize) {
        const blocks = tile.load(values, from, blockSize) / blockSize;
        const { writeLevels } = functions;
        const size = writeLevels(
          numbersAt,
          blocks,
          width,
          mostScale(width),
          scalesAt,
          bytesAt,
          keep,
          scratchAt,
        );
        most = Math.max(most, size);
        tile.storeBytes(scalesAt, scales, (2 * from) / blockSize, 2 * blocks);
        tile.storeBytes(bytesAt, levels, (from * width) / 8, 8 * width * blocks);
        if (dropped !== undefined) tile.storeNumbers(droppedAt, dropped, from);
      }
      return most < infinity;
    },
    readLevels({ scales, levels }, width, values) {
      for (let from = 0; from < values.length; from += tileSize) {
        const blocks = Math.ceil(Math.min(tileSize, values.length - from) / blockSize);
        const first = from / blockSize;
        tile.loadBytes(scales, 2 * first, 2 * blocks, scalesAt);
        tile.loadBytes(levels, 8 * width * first, 8 * width * blocks, bytesAt);
        const read = functions.readLevels(scalesAt, bytesAt, blocks, width, mostScale(width), numbersAt);
        if (read < blocks) return first + read;
        tile.storeNumbers(numbersAt, values, from);
      }
      return null;
    },
    writeHalves(values, exponent, halves, dropped) {
      const keep = dropped === undefined ? 0 : droppedAt;
      const [down, downRest] = powers(-exponent);
      const [up, upRest] = powers(exponent);
      for (let from = 0; from < values.length; from += tileSize) {
        const count = tile.load(values, from, 4);
        functions.writeHalves(numbersAt, count, down, downRest, up, upRest, bytesAt, keep);
        tile.storeBytes(bytesAt, halves, 2 * from, 2 * count);
        if (dropped !== undefined) tile.storeNumbers(droppedAt, dropped, from);
      }
    },
    readHalves(halves, exponent, values) {
      const [up, upRest] = powers(exponent);
      for (let from = 0; from < values.length; from += tileSize) {
        const count = Math.min(tileSize, values.length - from);
        tile.loadBytes(halves, 2 * from, 2 * count, bytesAt);
        if (functions.readHalves(bytesAt, 4 * Math.ceil(count / 4), up, upRest, numbersAt) === 0)
          return false;
        tile.storeNumbers(numbersAt, values, from);
      }
      return true;
    },
  };
}

/** What goes into the module's memory and comes out of it. `from`: where in the tensor, or in its bytes, the tile begins. */
function tileIn(memory: ArrayBuffer) {
  const [allNumbers, allBytes] = [new Float32Array(memory), new Uint8Array(memory)];
  return {
    /** Fills up with zeros to a multiple; how many there are then. */
    load(values: Float32Array, from: number, multiple: number): number {
      const count = Math.min(tileSize, values.length - from);
      const filled = Math.ceil(count / multiple) * multiple;
      allNumbers.set(values.subarray(from, from + count), numbersAt / 4);
      allNumbers.fill(0, numbersAt / 4 + count, numbersAt / 4 + filled);
      return filled;
    },
    storeNumbers(at: number, values: Float32Array, from: number): void {
      const count = Math.min(tileSize, values.length - from);
      values.set(allNumbers.subarray(at / 4, at / 4 + count), from);
    },
    loadBytes(bytes: Uint8Array, from: number, most: number, at: number): void {
      allBytes.set(bytes.subarray(from, from + most), at);
    },
    storeBytes(at: number, bytes: Uint8Array, from: number, most: number): void {
      bytes.set(allBytes.subarray(at, at + Math.min(most, bytes.length - from)), from);
    },
  };
}

/**
 * 2^exponent as two float32s. A half times the first is exact, so that the second alone rounds; what is divided may be rounded by
 * both, but only where it becomes the half zero.
 */
function powers(exponent: number): readonly [number, number] {
  const first = Math.max(-100, Math.min(exponent, 126));
  return [2 ** first, 2 ** (exponent - first)];
}
