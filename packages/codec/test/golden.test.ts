// Bytes of every version ever deployed must decode for ever. A change of the format gets a new folder.

import { readFileSync } from "node:fs";
import { halfFrom, halfValue, namedTensors, random, tensorLayout } from "@homebody/base";
import { expect, test } from "vitest";
import type { Codec } from "../src/codec.ts";
import { codecs, decodeDelta, encodeDelta, plainCodecs, sparse2 } from "../src/index.ts";

const layout = tensorLayout([
  { name: "transformer.h.0.ln_1.weight", shape: [3] },
  { name: "transformer.h.0.attn.c_attn.weight", shape: [2, 4] },
  { name: "transformer.ln_f.bias", shape: [2] },
]);
const delta = namedTensors(
  layout,
  Float32Array.of(1, -0.5, 0.3333333, 1e-9, -2.5e-9, 3e-13, 0, -0, 7.25e-9, 1e-20, -9.99e-9, 0, 0),
);
const golden = (name: string) =>
  new Uint8Array(readFileSync(new URL(`golden/v1/${name}.bin`, import.meta.url)));

/** The same by the machine's arithmetic and by the plain one. */
const both = (name: keyof typeof plainCodecs): readonly Codec[] => [codecs[name], plainCodecs[name]];

test("v1 fp32: the bytes stand, and are what is written today", () => {
  expect(decodeDelta(golden("fp32"), [{ codec: "fp32", layout }])[0]!.numbers).toEqual(delta);
  expect(encodeDelta([{ codec: "fp32", numbers: delta }]).bytes).toEqual(golden("fp32"));
});

test("[W2] [W21] v1 fp16: the bytes stand, and are what is written today", () => {
  const [back] = decodeDelta(golden("fp16"), [{ codec: "fp16", layout }]);
  // By hand: the first tensor's largest is 1 = 2^0, so its numbers are halves times 2^-14.
  const first = [1, -0.5, 0.3333333].map((x) => halfValue(halfFrom(x * 2 ** 14)) * 2 ** -14);
  expect([...back!.numbers.data.subarray(0, 3)]).toEqual(first);
  // The second's largest, 9.99e-9, lies in [2^-27, 2^-26): times 2^-41.
  const second = [...delta.data.subarray(3, 11)].map((x) => halfValue(halfFrom(x * 2 ** 41)) * 2 ** -41);
  expect([...back!.numbers.data.subarray(3, 11)]).toEqual(second);
  expect([...back!.numbers.data.subarray(11)]).toEqual([0, 0]);
  for (const codec of both("fp16")) {
    expect(codec.encode(delta)).toEqual(golden("fp16"));
    expect(codec.decode(golden("fp16"), layout).numbers).toEqual(back!.numbers);
  }
});

test("[W2] [W21] v1 int8, int4, int2: the bytes stand, and are what is written today", () => {
  for (const name of ["int8", "int4", "int2"] as const) {
    const back = codecs[name].decode(golden(name), layout).numbers.data;
    for (const codec of both(name)) {
      expect(codec.encode(delta)).toEqual(golden(name));
      expect(codec.decode(golden(name), layout).numbers.data).toEqual(back);
    }
    // By hand: the first tensor's largest is 1, the lowest of its levels.
    const ofOne = { int8: 128, int4: 8, int2: 2 }[name];
    const levels = [1, -0.5, 0.3333333].map((x) => Math.round(-ofOne * x) + 0);
    const scale = new DataView(golden(name).buffer).getUint16(20, true);
    expect(scale & 0x8000).toBe(0x8000);
    const step = new Float32Array(Uint32Array.of(scale << 16).buffer)[0]!;
    expect([...back.subarray(0, 3)]).toEqual(levels.map((level) => level * step + 0));
    expect([...back.subarray(11)]).toEqual([0, 0]);
  }
});

test("[W2] v1 sparse2: the bytes stand, and are what is written today", () => {
  const layout = tensorLayout([
    { name: "transformer.h.0.attn.c_attn.weight", shape: [50, 100] },
    { name: "transformer.ln_f.bias", shape: [20] },
    { name: "zeros", shape: [9] },
  ]);
  const dice = random("golden");
  const numbers = Float32Array.from({ length: layout.size }, () => dice.uniform() - 0.5).fill(0, 5020);
  const bytes = sparse2(64).encode(namedTensors(layout, numbers));
  expect(bytes).toEqual(golden("sparse2"));
  const back = sparse2(64).decode(golden("sparse2"), layout).numbers.data;
  // By hand: of 5,000 numbers 64 and 15 are kept, of 20 one, of zeros none.
  const kept = [0, 4096, 5000, 5020, 5029].slice(0, -1).map((from, i) => {
    const to = [4096, 5000, 5020, 5029][i]!;
    return back.subarray(from, to).filter((x) => x !== 0).length;
  });
  expect(kept).toEqual([64, 15, 1, 0]);
  expect(golden("sparse2").length).toBe(
    20 + 2 + 2 * 3 + new DataView(golden("sparse2").buffer).getUint16(22, true) + 6,
  );
});
