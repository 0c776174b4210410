import { type NamedTensors, namedTensors, tensorLayout } from "@homebody/base";
import fc from "fast-check";
import { expect, test } from "vitest";
import { codecs, type DeltaCodec, DeltaError, decodeDelta, deltaBytes, encodeDelta } from "./index.ts";

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

/** A delta of one section. */
const one = (codec: DeltaCodec, numbers: NamedTensors) => encodeDelta([{ codec, numbers }]).bytes;
const read = (codec: DeltaCodec, bytes: Uint8Array, layout: NamedTensors["layout"]) =>
  decodeDelta(bytes, [{ codec, layout }])[0]!.numbers;

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
      const bytes = one("fp32", delta);
      expect(bytes.length).toBe(codecs.fp32.mostBytes(delta.layout));
      expect(read("fp32", bytes, delta.layout)).toEqual(delta);
    }),
  );
});

test("fp16 comes back within half a step of the number, and no further than 2^-39 of the tensor's largest", () => {
  fc.assert(
    fc.property(deltasOf(inRange), (delta) => {
      const bytes = one("fp16", delta);
      expect(bytes.length).toBe(codecs.fp16.mostBytes(delta.layout));
      const back = read("fp16", bytes, delta.layout);
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

test("each codec decodes into memory that held something else as into fresh memory", () => {
  const all: readonly DeltaCodec[] = ["fp32", "fp16", "int8", "int4", "int2", { kind: "sparse2", k: 64 }];
  fc.assert(
    fc.property(deltasOf(inRange), fc.constantFrom(...all), (delta, codec) => {
      const { layout } = delta;
      const bytes = one(codec, delta);
      const memory = new Float32Array(layout.size + 2).fill(7);
      const into = memory.subarray(1, layout.size + 1);
      const [section] = decodeDelta(bytes, [{ codec, layout }], [into]);
      expect(section!.numbers.data).toBe(into);
      expect(section!.numbers).toEqual(read(codec, bytes, layout));
      expect([memory[0], memory.at(-1)]).toEqual([7, 7]);
    }),
  );
});

test("fp16 is idempotent: what came back encodes to the same bytes", () => {
  fc.assert(
    fc.property(deltasOf(inRange), (delta) => {
      const once = read("fp16", one("fp16", delta), delta.layout);
      const twice = read("fp16", one("fp16", once), delta.layout);
      expect(twice).toEqual(once);
    }),
  );
});

test("a delta of 1e-9 everywhere, as at a schedule's end, does not underflow in fp16", () => {
  const layout = tensorLayout([{ name: "a", shape: [3] }]);
  const delta = namedTensors(layout, Float32Array.of(1e-9, -2e-12, 3e-20));
  const back = read("fp16", one("fp16", delta), layout).data;
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
  const back = read("fp16", one("fp16", delta), layout).data;
  expect(back[0]).toBe(largest);
  expect([...back.subarray(2)]).toEqual([2 ** -149, -(2 ** -149), 0, -0]);
});

test("a number that fp16 would round out of float32's range is the sender's error, not the receiver's", () => {
  const layout = tensorLayout([{ name: "a", shape: [1] }]);
  const delta = namedTensors(layout, Float32Array.of(3.4028234663852886e38));
  expect(read("fp32", one("fp32", delta), layout)).toEqual(delta);
  expect(faultOf(() => one("fp16", delta))).toBe("not-finite");
  const edge = namedTensors(layout, Float32Array.of(-largest));
  expect(read("fp16", one("fp16", edge), layout)).toEqual(edge);
});

test("bytes that are not this delta are refused with a reason", () => {
  const layout = tensorLayout([{ name: "a", shape: [2, 3] }]);
  for (const codec of ["fp32", "fp16"] as const satisfies DeltaCodec[]) {
    const good = one(codec, namedTensors(layout, Float32Array.of(1, 2, 3, 4, 5, 6)));
    const changed = (at: number, value: number) => {
      const bytes = good.slice();
      bytes[at] = value;
      return faultOf(() => read(codec, bytes, layout));
    };
    expect(changed(19, good[19]!)).toBe("none");
    expect(changed(0, 0)).toBe("format");
    expect(changed(5, 1)).toBe("format");
    expect(changed(3, "2".charCodeAt(0))).toBe("version");
    expect(changed(4, 9)).toBe("codec");
    expect(changed(4, codec === "fp32" ? 1 : 0)).toBe("codec");
    expect(changed(12, good[12]! ^ 1)).toBe("layout");
    expect(changed(8, 7)).toBe("layout");
    expect(changed(6, 2)).toBe("layout");
    for (const size of [0, 10, 19, good.length - 1])
      expect(faultOf(() => read(codec, good.subarray(0, size), layout))).toBe("size");
    expect(faultOf(() => read(codec, new Uint8Array([...good, 0]), layout))).toBe("size");
    const transposed = tensorLayout([{ name: "a", shape: [3, 2] }]);
    expect(faultOf(() => read(codec, good, transposed))).toBe("layout");
    const renamed = tensorLayout([{ name: "b", shape: [2, 3] }]);
    expect(faultOf(() => read(codec, good, renamed))).toBe("layout");
  }
});

test("numbers that are not finite are refused on both sides", () => {
  const layout = tensorLayout([{ name: "a", shape: [2] }]);
  for (const codec of ["fp32", "fp16"] as const) {
    for (const bad of [Number.NaN, Infinity, -Infinity])
      expect(faultOf(() => one(codec, namedTensors(layout, Float32Array.of(1, bad))))).toBe("not-finite");
    const bytes = one(codec, namedTensors(layout, Float32Array.of(1, 2)));
    bytes.fill(0xff, bytes.length - 2); // the last number's top bits: a NaN in both formats
    expect(faultOf(() => read(codec, bytes, layout))).toBe("not-finite");
  }
  const bytes = one("fp16", namedTensors(layout, Float32Array.of(1, 2)));
  new DataView(bytes.buffer).setInt16(20, 2000, true); // an exponent that no float32 has
  expect(faultOf(() => read("fp16", bytes, layout))).toBe("format");
});

test("arbitrary bytes never decode to something that is not finite, nor throw anything else", () => {
  const layout = tensorLayout([{ name: "a", shape: [4] }]);
  const start = one("fp16", namedTensors(layout)).subarray(0, 20);
  fc.assert(
    fc.property(fc.boolean(), fc.uint8Array({ minLength: 10, maxLength: 10 }), (headed, rest) => {
      const bytes = new Uint8Array(30);
      if (headed) bytes.set(start);
      bytes.set(rest, 20);
      const fault = faultOf(() => expect(read("fp16", bytes, layout).data.every(Number.isFinite)).toBe(true));
      expect(headed ? ["none", "not-finite", "format"] : ["format"]).toContain(fault);
    }),
  );
});

test.each(Object.values(codecs))(
  "$name: zero stays zero, and what is dropped is what the bytes lack",
  (codec) => {
    fc.assert(
      fc.property(deltasOf(fc.oneof(fc.constant(0), inRange)), (delta) => {
        const dropped = new Float32Array(delta.layout.size).fill(7);
        const bytes = codec.encode(delta, dropped);
        expect(bytes.length).toBeLessThanOrEqual(codec.mostBytes(delta.layout));
        if (codec.exact) expect(bytes.length).toBe(codec.mostBytes(delta.layout));
        const { numbers, sizeBytes } = codec.decode(bytes, delta.layout);
        expect(sizeBytes).toBe(bytes.length);
        delta.data.forEach((x, i) => {
          if (x === 0) expect(numbers.data[i]! + 0).toBe(0);
          expect(dropped[i]! + 0).toBe(Math.fround(x - numbers.data[i]!) + 0);
        });
      }),
    );
  },
);

test("sections stand one after another, each in its own codec and size", () => {
  const theta = namedTensors(tensorLayout([{ name: "a", shape: [3] }]), Float32Array.of(1, 2, 3));
  const phi = namedTensors(tensorLayout([{ name: "b", shape: [2, 2] }]), Float32Array.of(0.5, 0, -4, 8));
  const forms = [
    { codec: "fp16", layout: theta.layout },
    { codec: "fp32", layout: phi.layout },
  ] as const;
  const { bytes, sizes } = encodeDelta([
    { codec: "fp16", numbers: theta },
    { codec: "fp32", numbers: phi },
  ]);
  expect(sizes).toEqual([20 + 2 + 6, 20 + 16]);
  expect(deltaBytes(forms)).toEqual({ most: 64, exact: true });
  expect(bytes.subarray(0, 28)).toEqual(one("fp16", theta));
  expect(bytes.subarray(28)).toEqual(one("fp32", phi));
  expect(decodeDelta(bytes, forms)).toEqual([
    { numbers: theta, sizeBytes: 28 },
    { numbers: phi, sizeBytes: 36 },
  ]);
  const fault = (bytes: Uint8Array, of: Parameters<typeof decodeDelta>[1]) =>
    faultOf(() => decodeDelta(bytes, of));
  expect(fault(bytes, forms.slice(0, 1))).toBe("size");
  expect(fault(bytes, forms.slice(1))).toBe("codec");
  expect(fault(bytes.subarray(0, 28), forms)).toBe("size");
  expect(fault(bytes, [forms[0], { codec: "fp32", layout: theta.layout }])).toBe("layout");
  expect(decodeDelta(new Uint8Array(), [])).toEqual([]);
});
