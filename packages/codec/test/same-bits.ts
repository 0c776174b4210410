// The arithmetic in WebAssembly beside the plain one: every byte, every number, everything that is dropped. In Node, and in browsers.

import { random } from "@homebody/base";
import fc from "fast-check";
import { expect, test } from "vitest";
import { type Arithmetic, blockSize, infinity, type LevelBits } from "../src/arithmetic.ts";
import { plain } from "../src/plain/arithmetic.ts";
import { tileSize } from "../src/wasm/arithmetic.ts";

const widths: readonly LevelBits[] = [8, 4, 2];

const anyBits = fc.nat({ max: 2 ** 32 - 1 }).map((bits) => new Float32Array(Uint32Array.of(bits).buffer)[0]!);
const usual = fc.float({ min: -1, max: 1, noNaN: true });
const special = fc.constantFrom(
  0,
  -0,
  1e-45,
  -1e-45,
  2 ** -126,
  -(2 ** -127),
  3.4e38,
  -3.4e38,
  1,
  -1,
  65_504,
);
const broken = fc.constantFrom(Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY);
const tensorOf = (number: fc.Arbitrary<number>) =>
  fc.array(number, { maxLength: 3 * blockSize }).map((numbers) => Float32Array.from(numbers));
const finite = fc.oneof(
  ...[usual, special, anyBits.filter(Number.isFinite), fc.oneof(usual, special)].map(tensorOf),
);
const any = fc.oneof(finite, tensorOf(anyBits), tensorOf(fc.oneof({ weight: 30, arbitrary: usual }, broken)));

type Numbers = Uint8Array | Uint32Array;

/** Many at once: `toEqual` takes seconds for a million. */
function expectSame(ours: Numbers, theirs: Numbers): void {
  expect(ours.length).toBe(theirs.length);
  expect(ours.findIndex((x, i) => x !== theirs[i])).toBe(-1);
}

const bitsOf = (numbers: Float32Array) => new Uint32Array(numbers.buffer, numbers.byteOffset, numbers.length);

function levelsBy(arithmetic: Arithmetic, values: Float32Array, width: LevelBits) {
  const to = {
    scales: new Uint8Array(2 * Math.ceil(values.length / blockSize)),
    levels: new Uint8Array(Math.ceil((values.length * width) / 8)),
  };
  const dropped = new Float32Array(values.length);
  const ok = arithmetic.writeLevels(values, width, to, dropped);
  const back = new Float32Array(values.length);
  if (ok) expect(arithmetic.readLevels(to, width, back)).toBeNull();
  return ok ? { ok, to, dropped: bitsOf(dropped), back: bitsOf(back) } : { ok };
}

export function sameBits(wasm: Arithmetic): void {
  test("[W21] levels of any numbers: the same by both, and the same when they are read", () => {
    fc.assert(
      fc.property(any, fc.constantFrom(...widths), (values, width) => {
        expect(levelsBy(wasm, values, width)).toEqual(levelsBy(plain, values, width));
      }),
      { numRuns: 1000 },
    );
  });

  test("[W21] any bytes are read as the same levels, or refused at the same block", () => {
    fc.assert(
      fc.property(fc.nat({ max: 300 }), fc.constantFrom(...widths), fc.string(), (size, width, seed) => {
        const dice = random(seed);
        const bytes = (count: number) => Uint8Array.from({ length: count }, () => dice.below(256));
        const from = {
          scales: bytes(2 * Math.ceil(size / blockSize)),
          levels: bytes(Math.ceil((size * width) / 8)),
        };
        const [ours, theirs] = [new Float32Array(size), new Float32Array(size)];
        const read = wasm.readLevels(from, width, ours);
        expect(read).toBe(plain.readLevels(from, width, theirs));
        if (read === null) expect(bitsOf(ours)).toEqual(bitsOf(theirs));
      }),
      { numRuns: 1000 },
    );
  });

  test("[W21] halves: the same by both, of any numbers and any exponent that a tensor may have", () => {
    fc.assert(
      fc.property(finite, fc.integer({ min: -163, max: 113 }), (values, exponent) => {
        // A tensor's exponent leaves its numbers below 2^15.
        const scaled = values.filter((x) => Math.abs(x) * 2 ** -exponent < 2 ** 15);
        const both = [wasm, plain].map((arithmetic) => {
          const halves = new Uint8Array(2 * scaled.length);
          const [dropped, back] = [new Float32Array(scaled.length), new Float32Array(scaled.length)];
          arithmetic.writeHalves(scaled, exponent, halves, dropped);
          const ok = arithmetic.readHalves(halves, exponent, back);
          return { halves, dropped: bitsOf(dropped), ok, back: bitsOf(back) };
        });
        expect(both[0]).toEqual(both[1]);
      }),
      { numRuns: 1000 },
    );
  });

  test("[W21] every half is read the same at every exponent", () => {
    const halves = new Uint8Array(Uint16Array.from({ length: 2 ** 16 }, (_, half) => half).buffer);
    const finiteHalves = new Uint8Array(
      Uint16Array.from({ length: 2 * 0x7c00 }, (_, i) => (i < 0x7c00 ? i : i - 0x7c00 + 0x8000)).buffer,
    );
    for (const exponent of [-163, -150, -131, -101, -100, -99, -14, 0, 15, 97, 111, 112, 113]) {
      const [ours, theirs] = [new Float32Array(2 * 0x7c00), new Float32Array(2 * 0x7c00)];
      const ok = plain.readHalves(finiteHalves, exponent, theirs);
      expect(wasm.readHalves(finiteHalves, exponent, ours)).toBe(ok);
      expect(ok).toBe(exponent < 113);
      if (ok) expectSame(bitsOf(ours), bitsOf(theirs));
      expect(wasm.readHalves(halves, exponent, new Float32Array(2 ** 16))).toBe(false);
    }
  });

  test("[W21] the largest of any numbers, those that are not finite above all others", () => {
    fc.assert(
      fc.property(any, (values) => {
        const most = wasm.largest(values);
        expect(most).toBe(plain.largest(values));
        expect(most < infinity).toBe(values.every(Number.isFinite));
      }),
      { numRuns: 1000 },
    );
  });

  test("[W21] a tensor of more than a tile", () => {
    const dice = random("tiles");
    const values = Float32Array.from({ length: 2 * tileSize + 77 }, () => dice.uniform() - 0.5);
    const all = (arithmetic: Arithmetic) => {
      const halves = new Uint8Array(2 * values.length);
      const [dropped, back] = [new Float32Array(values.length), new Float32Array(values.length)];
      arithmetic.writeHalves(values, -15, halves, dropped);
      expect(arithmetic.readHalves(halves, -15, back)).toBe(true);
      const levels = widths.flatMap((width) => {
        const { to, ...numbers } = levelsBy(arithmetic, values, width);
        return [to!.scales, to!.levels, numbers.dropped!, numbers.back!];
      });
      return [halves, bitsOf(dropped), bitsOf(back), ...levels];
    };
    const theirs = all(plain);
    for (const [i, ours] of all(wasm).entries()) expectSame(ours, theirs[i]!);
    expect(wasm.largest(values)).toBe(plain.largest(values));
  });
}
