import { type NamedTensors, namedTensors, tensorLayout } from "@homebody/base";
import fc from "fast-check";
import { expect, test } from "vitest";
import { type CodecName, DeltaError, decodeDelta, encodeDelta, encodedBytes } from "./index.ts";

const shapes = fc.array(fc.array(fc.integer({ min: 0, max: 5 }), { maxLength: 3 }), { maxLength: 5 });
const any = fc.float({ noNaN: true, noDefaultInfinity: true });
const largest = Math.fround((2 - 2 ** -10) * 2 ** 127); // beyond it fp16 cannot go
const inRange = fc.float({ min: -largest, max: largest, noNaN: true });
const deltasOf = (float: fc.Arbitrary<number>): fc.Arbitrary<NamedTensors> =>
  shapes.chain((shapes) => {
    const layout = tensorLayout(shapes.map((shape, i) => ({ name: `h.${i}.weight`, shape })));
    return fc
      .array(float, { minLength: layout.size, maxLength: layout.size })
      .map((numbers) => namedTensors(layout, Float32Array.from(numbers)));
  });

function faultOf(work: () => unknown): string {
  try {
    work();
  } catch (error) {
    if (error instanceof DeltaError) return error.reason;
    throw error;
  }
  return "none";
}

test("fp32 comes back bit for bit, at the size that was foretold", () => {
  fc.assert(
    fc.property(deltasOf(any), (delta) => {
      const bytes = encodeDelta("fp32", delta);
      expect(bytes.length).toBe(encodedBytes("fp32", delta.layout));
      expect(decodeDelta(bytes, delta.layout)).toEqual(delta);
    }),
  );
});

test("fp16 comes back within half a step of the number, and no further than 2^-39 of the tensor's largest", () => {
  fc.assert(
    fc.property(deltasOf(inRange), (delta) => {
      const bytes = encodeDelta("fp16", delta);
      expect(bytes.length).toBe(encodedBytes("fp16", delta.layout));
      const back = decodeDelta(bytes, delta.layout);
      for (const { offset, size } of delta.layout.slots) {
        const range = [...delta.data.subarray(offset, offset + size)];
        const largest = Math.max(0, ...range.map(Math.abs));
        for (let i = offset; i < offset + size; i++) {
          const error = Math.abs(back.data[i]! - delta.data[i]!);
          // 2^-149 is a float32's own smallest step: an exact result may have to be rounded to it.
          const bound = Math.max(Math.abs(delta.data[i]!) * 2 ** -11, largest * 2 ** -38, 2 ** -149);
          expect(error).toBeLessThanOrEqual(bound);
        }
      }
    }),
    { numRuns: 500 },
  );
});

test("fp16 is idempotent: what came back encodes to the same bytes", () => {
  fc.assert(
    fc.property(deltasOf(inRange), (delta) => {
      const once = decodeDelta(encodeDelta("fp16", delta), delta.layout);
      const twice = decodeDelta(encodeDelta("fp16", once), delta.layout);
      expect(twice).toEqual(once);
    }),
  );
});

test("a delta of 1e-9 everywhere, as at a schedule's end, does not underflow in fp16", () => {
  const layout = tensorLayout([{ name: "a", shape: [3] }]);
  const delta = namedTensors(layout, Float32Array.of(1e-9, -2e-12, 3e-20));
  const back = decodeDelta(encodeDelta("fp16", delta), layout).data;
  expect(back[0]! / 1e-9).toBeCloseTo(1, 3);
  expect(back[1]! / -2e-12).toBeCloseTo(1, 3);
  expect(back[2]! / 3e-20).toBeCloseTo(1, 1);
});

test("the ends of float32 survive fp16", () => {
  const layout = tensorLayout([
    { name: "large", shape: [2] },
    { name: "small", shape: [2] },
    { name: "zero", shape: [2] },
  ]);
  const delta = namedTensors(layout, Float32Array.of(largest, -1, 2 ** -149, -(2 ** -149), 0, -0));
  const back = decodeDelta(encodeDelta("fp16", delta), layout).data;
  expect(back[0]).toBe(largest);
  expect([...back.subarray(2)]).toEqual([2 ** -149, -(2 ** -149), 0, -0]);
});

test("a number that fp16 would round out of float32's range is the sender's error, not the receiver's", () => {
  const layout = tensorLayout([{ name: "a", shape: [1] }]);
  const delta = namedTensors(layout, Float32Array.of(3.4028234663852886e38));
  expect(decodeDelta(encodeDelta("fp32", delta), layout)).toEqual(delta);
  expect(faultOf(() => encodeDelta("fp16", delta))).toBe("not-finite");
  const edge = namedTensors(layout, Float32Array.of(-largest));
  expect(decodeDelta(encodeDelta("fp16", edge), layout)).toEqual(edge);
});

test("bytes that are not this delta are refused with a reason", () => {
  const layout = tensorLayout([{ name: "a", shape: [2, 3] }]);
  for (const codec of ["fp32", "fp16"] as const satisfies CodecName[]) {
    const good = encodeDelta(codec, namedTensors(layout, Float32Array.of(1, 2, 3, 4, 5, 6)));
    const changed = (at: number, value: number) => {
      const bytes = good.slice();
      bytes[at] = value;
      return faultOf(() => decodeDelta(bytes, layout));
    };
    expect(changed(19, good[19]!)).toBe("none");
    expect(changed(0, 0)).toBe("format");
    expect(changed(5, 1)).toBe("format");
    expect(changed(3, "2".charCodeAt(0))).toBe("version");
    expect(changed(4, 9)).toBe("codec");
    expect(changed(4, codec === "fp32" ? 1 : 0)).toBe("size");
    expect(changed(12, good[12]! ^ 1)).toBe("layout");
    expect(changed(8, 7)).toBe("layout");
    expect(changed(6, 2)).toBe("layout");
    for (const size of [0, 10, 19, good.length - 1])
      expect(faultOf(() => decodeDelta(good.subarray(0, size), layout))).toBe("size");
    expect(faultOf(() => decodeDelta(new Uint8Array([...good, 0]), layout))).toBe("size");
    const transposed = tensorLayout([{ name: "a", shape: [3, 2] }]);
    expect(faultOf(() => decodeDelta(good, transposed))).toBe("layout");
    const renamed = tensorLayout([{ name: "b", shape: [2, 3] }]);
    expect(faultOf(() => decodeDelta(good, renamed))).toBe("layout");
  }
});

test("numbers that are not finite are refused on both sides", () => {
  const layout = tensorLayout([{ name: "a", shape: [2] }]);
  for (const codec of ["fp32", "fp16"] as const) {
    for (const bad of [Number.NaN, Infinity, -Infinity])
      expect(faultOf(() => encodeDelta(codec, namedTensors(layout, Float32Array.of(1, bad))))).toBe(
        "not-finite",
      );
    const bytes = encodeDelta(codec, namedTensors(layout, Float32Array.of(1, 2)));
    bytes.fill(0xff, bytes.length - 2); // the last number's top bits: a NaN in both formats
    expect(faultOf(() => decodeDelta(bytes, layout))).toBe("not-finite");
  }
  const bytes = encodeDelta("fp16", namedTensors(layout, Float32Array.of(1, 2)));
  new DataView(bytes.buffer).setInt16(20, 2000, true); // an exponent that no float32 has
  expect(faultOf(() => decodeDelta(bytes, layout))).toBe("format");
});

test("arbitrary bytes never decode to something that is not finite, nor throw anything else", () => {
  const layout = tensorLayout([{ name: "a", shape: [4] }]);
  const start = encodeDelta("fp16", namedTensors(layout)).subarray(0, 20);
  fc.assert(
    fc.property(fc.boolean(), fc.uint8Array({ minLength: 10, maxLength: 10 }), (headed, rest) => {
      const bytes = new Uint8Array(30);
      if (headed) bytes.set(start);
      bytes.set(rest, 20);
      const fault = faultOf(() => expect(decodeDelta(bytes, layout).data.every(Number.isFinite)).toBe(true));
      expect(headed ? ["none", "not-finite", "format"] : ["format"]).toContain(fault);
    }),
  );
});
