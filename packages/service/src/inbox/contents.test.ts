// [C37] [P10] What a delta holds, measured.

import { namedTensors, sha256Of, slotView } from "@homebody/base";
import { encodeDelta } from "@homebody/codec";
import { exchangeOf, formsOf } from "@homebody/dept";
import { expect, test } from "vitest";
import { manifest as manifestOf } from "../../../dept/test/manifests.ts";
import { contentsOf, measurer } from "./contents.ts";

const exchange = (codec: "fp32" | "fp16" | "int8") => exchangeOf(manifestOf({ codec }));

function deltaWith(codec: "fp32" | "fp16" | "int8", value: (i: number) => number): Uint8Array {
  const [section] = exchange(codec).sections;
  const numbers = namedTensors(section!.held);
  for (const slot of numbers.layout.slots)
    for (const [i] of slotView(numbers, slot).entries()) slotView(numbers, slot)[i] = value(i);
  return encodeDelta([{ codec, numbers }]).bytes;
}

const measured = (codec: "fp32" | "fp16" | "int8", value: (i: number) => number) => {
  const contents = contentsOf(deltaWith(codec, value), formsOf(exchange(codec)));
  if (contents.kind !== "numbers") throw new Error(contents.kind);
  return contents;
};

test("of each tensor the largest number and the root mean square, and the norm of all", () => {
  const { norm, sections } = measured("fp32", (i) => (i === 0 ? -3 : 1));
  const { slots, size } = exchange("fp32").sections[0]!.held;
  const [{ tensors }] = sections as unknown as [(typeof sections)[number]];
  expect(tensors).toHaveLength(slots.length);
  for (const [i, { largest, rootMeanSquare }] of tensors.entries()) {
    expect(largest).toBe(3);
    expect(rootMeanSquare).toBeCloseTo(Math.sqrt((slots[i]!.size + 8) / slots[i]!.size), 12);
  }
  expect(norm).toBeCloseTo(Math.sqrt(size + 8 * slots.length), 9);
});

test("the hash is of the numbers: the same by each codec, and with zeros of either sign", () => {
  const numbers = (value: (i: number) => number) =>
    (["fp32", "fp16"] as const).map((codec) => measured(codec, value).numbers);
  const plain = numbers((i) => (i % 2 === 0 ? 0 : 1));
  expect(new Set([...plain, ...numbers((i) => (i % 2 === 0 ? -0 : 1))]).size).toBe(1);
  expect(numbers((i) => (i % 2 === 0 ? 0 : 2))[0]).not.toBe(plain[0]);
});

test("bytes that are no such delta are told from numbers that are not finite", () => {
  const bytes = deltaWith("fp32", () => 1);
  const forms = formsOf(exchange("fp32"));
  expect(contentsOf(bytes.subarray(0, bytes.length - 1), forms)).toEqual({ kind: "wrong-shape" });
  new DataView(bytes.buffer).setFloat32(bytes.length - 4, Number.POSITIVE_INFINITY, true);
  expect(contentsOf(bytes, forms)).toEqual({ kind: "not-finite" });
});

test("deltas that are measured one after another in the same memory have each its own contents", () => {
  const measure = measurer();
  const deltas = (["fp32", "int8", "fp16"] as const).map((codec, n) => ({
    bytes: deltaWith(codec, (i) => (i % 7) - n),
    forms: formsOf(exchange(codec)),
  }));
  for (const { bytes, forms } of [...deltas, ...deltas])
    expect(measure(bytes, forms)).toEqual({ sha256: sha256Of(bytes), contents: contentsOf(bytes, forms) });
});
