// Bytes of every version ever deployed must decode for ever. A change of the format gets a new folder.

import { readFileSync } from "node:fs";
import { namedTensors, tensorLayout } from "@homebody/base";
import { expect, test } from "vitest";
import { decodeDelta, encodeDelta, halfFrom, halfValue } from "../src/index.ts";

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

test("v1 fp32: the bytes stand, and are what is written today", () => {
  expect(decodeDelta(golden("fp32"), [{ codec: "fp32", layout }])[0]!.numbers).toEqual(delta);
  expect(encodeDelta([{ codec: "fp32", numbers: delta }]).bytes).toEqual(golden("fp32"));
});

test("v1 fp16: the bytes stand, and are what is written today", () => {
  const [back] = decodeDelta(golden("fp16"), [{ codec: "fp16", layout }]);
  // By hand: the first tensor's largest is 1 = 2^0, so its numbers are halves times 2^-14.
  const first = [1, -0.5, 0.3333333].map((x) => halfValue(halfFrom(x * 2 ** 14)) * 2 ** -14);
  expect([...back!.numbers.data.subarray(0, 3)]).toEqual(first);
  // The second's largest, 9.99e-9, lies in [2^-27, 2^-26): times 2^-41.
  const second = [...delta.data.subarray(3, 11)].map((x) => halfValue(halfFrom(x * 2 ** 41)) * 2 ** -41);
  expect([...back!.numbers.data.subarray(3, 11)]).toEqual(second);
  expect([...back!.numbers.data.subarray(11)]).toEqual([0, 0]);
  expect(encodeDelta([{ codec: "fp16", numbers: delta }]).bytes).toEqual(golden("fp16"));
});
