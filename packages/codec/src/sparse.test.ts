import { type NamedTensors, namedTensors, random, slotView, tensorLayout } from "@homebody/base";
import fc from "fast-check";
import { expect, test } from "vitest";
import { sparse2 } from "./sparse.ts";
import { chunkSize, topSelector } from "./top.ts";

const codec = sparse2(64);
const inBlock = 64 * chunkSize;

/** Tensors of normal numbers, of these sizes. */
function drawn(sizes: readonly number[], seed = "sparse"): NamedTensors {
  const dice = random(seed);
  const layout = tensorLayout(sizes.map((size, i) => ({ name: `h.${i}.weight`, shape: [size] })));
  return namedTensors(
    layout,
    Float32Array.from({ length: layout.size }, () => dice.normal()),
  );
}

const back = (delta: NamedTensors, by = codec) => by.decode(by.encode(delta), delta.layout).numbers;
const norm = (numbers: Float32Array) => Math.sqrt(numbers.reduce((sum, x) => sum + x * x, 0));
const largest = (numbers: Float32Array) => numbers.reduce((most, x) => Math.max(most, Math.abs(x)), 0);
const isZero = (x: number) => x === 0;

test("[W11] [W12] the top of each chunk is kept, with its sign and one of two magnitudes", () => {
  const delta = drawn([3 * chunkSize + 100, 7, 1, 0]);
  const decoded = back(delta);
  const positions = new Uint16Array(chunkSize);
  for (const slot of delta.layout.slots) {
    const [numbers, kept] = [slotView(delta, slot), slotView(decoded, slot)];
    const bits = new Int32Array(numbers.buffer, numbers.byteOffset, numbers.length);
    for (let from = 0; from < numbers.length; from += chunkSize) {
      const to = Math.min(from + chunkSize, numbers.length);
      const most = Math.ceil((64 * (to - from)) / chunkSize);
      const count = topSelector().select(bits, from, to, most, positions);
      const top = new Set(positions.subarray(0, count));
      const signs = numbers.subarray(from, to).map((x, i) => (top.has(i) ? Math.sign(x) : 0));
      expect(kept.subarray(from, to).map(Math.sign)).toEqual(signs);
    }
    expect(new Set([...kept].filter((x) => !isZero(x)).map(Math.abs)).size).toBeLessThanOrEqual(2);
  }
});

test("[W4] [W7] [W20] any few numbers: the size is bounded, what is dropped is what is lacking, nothing grows", () => {
  const any = fc.oneof(fc.constant(0), fc.float({ noNaN: true, noDefaultInfinity: true }));
  const tensors = fc.array(fc.array(any, { maxLength: 150 }), { maxLength: 4 });
  fc.assert(
    fc.property(tensors, fc.constantFrom(1, 32, 64, 700, 1024), (tensors, k) => {
      const layout = tensorLayout(tensors.map(({ length }, i) => ({ name: `${i}`, shape: [length] })));
      const delta = namedTensors(layout, Float32Array.from(tensors.flat()));
      const own = sparse2(k);
      const dropped = new Float32Array(layout.size).fill(7);
      const bytes = own.encode(delta, dropped);
      expect(bytes.length).toBeLessThanOrEqual(own.mostBytes(layout));
      const { numbers, sizeBytes } = own.decode(new Uint8Array([...bytes, 1, 2, 3]), layout);
      expect(sizeBytes).toBe(bytes.length);
      delta.data.forEach((x, i) => {
        if (isZero(x)) expect(isZero(numbers.data[i]!)).toBe(true);
        expect(dropped[i]! + 0).toBe(Math.fround(x - numbers.data[i]!) + 0);
      });
      for (const slot of layout.slots)
        for (const size of [norm, largest])
          expect(size(slotView(numbers, slot))).toBeLessThanOrEqual(
            size(slotView(delta, slot)) * (1 + 2 ** -8) + 2 ** -120,
          );
    }),
    { numRuns: 1000 },
  );
});

test("[W4] [W14] chunks whose numbers are scattered, in a heap, at the end, few or none: within the bound", () => {
  const dice = random("bound");
  const layout = tensorLayout([{ name: "a", shape: [inBlock + chunkSize + 9] }]);
  const fillings: ((i: number) => number)[] = [
    () => dice.normal(),
    (i) => (i % chunkSize >= chunkSize - 64 ? 1 : 0),
    (i) => (i % chunkSize < 64 ? -1 : 0),
    (i) => (i % 64 === 63 ? 1 : 0),
    (i) => (i % chunkSize === chunkSize - 1 ? 1 : 0),
    (i) => (i === 5 ? 1e-20 : 0),
    () => 1,
    () => 0,
  ];
  for (const filling of fillings) {
    const delta = namedTensors(
      layout,
      Float32Array.from({ length: layout.size }, (_, i) => filling(i)),
    );
    const bytes = codec.encode(delta);
    expect(bytes.length).toBeLessThanOrEqual(codec.mostBytes(layout));
    const { numbers, sizeBytes } = codec.decode(bytes, layout);
    expect(sizeBytes).toBe(bytes.length);
    expect(numbers.data.every((y, i) => isZero(y) || !isZero(delta.data[i]!))).toBe(true);
  }
  const heads = 22 + 3 * 7;
  expect(codec.mostBytes(layout)).toBeLessThanOrEqual((0.157 * layout.size) / 8 + heads);
});

test("[W4] the largest block that there can be fits in the table", () => {
  const layout = tensorLayout([{ name: "a", shape: [inBlock] }]);
  const alternating = Float32Array.from({ length: inBlock }, (_, i) =>
    i % chunkSize < 768 || i % 7 === 0 ? 1 : 0,
  );
  for (const delta of [drawn([inBlock]), namedTensors(layout, alternating)]) {
    const most = sparse2(1024);
    const { numbers, sizeBytes } = most.decode(most.encode(delta), delta.layout);
    expect(sizeBytes).toBeGreaterThan(20_000);
    expect(numbers.data.filter((x) => !isZero(x)).length).toBe(64 * 1024);
    expect(most.mostBytes(delta.layout)).toBeLessThan(24 + 2 ** 16);
  }
});

test("[W4] normal numbers take 0.149 bits each", () => {
  const delta = drawn([inBlock, inBlock]);
  expect((8 * codec.encode(delta).length) / delta.layout.size).toBeLessThan(0.1495);
});

test("[W13] a block is read where the table says, whatever the others hold", () => {
  const delta = drawn([inBlock + 4 * chunkSize, 500]);
  const bytes = codec.encode(delta);
  const view = new DataView(bytes.buffer);
  const sizes = [22, 24, 26].map((at) => view.getUint16(at, true));
  const alone = new Uint8Array(28 + sizes[1]!);
  alone.set(bytes.subarray(0, 28));
  alone.fill(0, 22, 28);
  new DataView(alone.buffer).setUint16(24, sizes[1]!, true);
  alone.set(bytes.subarray(28 + sizes[0]!, 28 + sizes[0]! + sizes[1]!), 28);
  const whole = codec.decode(bytes, delta.layout).numbers.data;
  const part = codec.decode(alone, delta.layout).numbers.data;
  expect(part.subarray(0, inBlock).every(isZero)).toBe(true);
  expect(part.subarray(inBlock, inBlock + 4 * chunkSize)).toEqual(
    whole.subarray(inBlock, inBlock + 4 * chunkSize),
  );
  expect(part.subarray(inBlock + 4 * chunkSize).every(isZero)).toBe(true);
});

test("[W3] a tensor of zeros, and one too small for a bfloat16, have no bytes but their block's size", () => {
  const layout = tensorLayout([{ name: "a", shape: [100] }]);
  expect(codec.encode(namedTensors(layout)).length).toBe(24);
  const tiny = namedTensors(layout, new Float32Array(100).fill(2 ** -149));
  expect(codec.encode(tiny).length).toBe(24);
});

test("[W6] what no encoder writes is refused", () => {
  const layout = tensorLayout([{ name: "a", shape: [5000] }]);
  const good = codec.encode(
    namedTensors(
      layout,
      Float32Array.from({ length: 5000 }, (_, i) => i - 50),
    ),
  );
  const fault = (change: (bytes: Uint8Array, view: DataView) => unknown) => {
    const bytes = good.slice();
    change(bytes, new DataView(bytes.buffer));
    return () => codec.decode(bytes, layout);
  };
  expect(fault(() => 0)).not.toThrow();
  expect(fault((_, view) => view.setUint16(20, 32, true))).toThrow("kept of a chunk: expected 64, got 32");
  expect(fault((_, view) => view.setUint16(22, 9999, true))).toThrow("a: expected 10023 bytes");
  expect(fault((_, view) => view.setUint16(22, 5, true))).toThrow("a: expected a block, got 5 bytes");
  expect(fault((_, view) => view.setUint16(22, good.length - 24 - 1, true))).toThrow(
    "to end with its numbers",
  );
  for (const [small, large] of [
    [0x3f80, 0x3f00],
    [0, 0],
    [0x3f80, 0x7f80],
    [0x7fc0, 0x7fc0],
    [0xbf80, 0x3f80],
  ] as const)
    expect(
      fault((_, view) => {
        view.setUint16(24, small, true);
        view.setUint16(26, large, true);
      }),
    ).toThrow("two finite magnitudes");
  expect(fault((bytes) => (bytes[28] = 13))).toThrow("a Rice parameter, got 13");
  expect(fault((bytes) => bytes.fill(0xff, 29))).toThrow("position");
  expect(fault((bytes) => (bytes[bytes.length - 1]! |= 0x80))).toThrow("a: ");
});

test("a k that is none is refused", () => {
  for (const k of [0, 1025, 1.5, Number.NaN]) expect(() => sparse2(k)).toThrow("expected 1 to 1024");
});
