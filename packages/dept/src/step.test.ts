import {
  decodeSafetensors,
  float32Tensors,
  halfFrom,
  halfValue,
  type NamedTensors,
  namedTensors,
  random,
} from "@homebody/base";
import { codecs, DeltaError } from "@homebody/codec";
import fc from "fast-check";
import { expect, test } from "vitest";
import { manifest } from "../test/manifests.ts";
import {
  encodeSection,
  encodeStep,
  exchangeOf,
  firstNumbers,
  inBody,
  moved,
  type Section,
  withStep,
} from "./index.ts";

const kinds = ["int8", "int4"] as const;
const variants = ["spec", "glob", "trim"] as const;

function sectionsOf(
  down: "off" | (typeof kinds)[number],
  variant: (typeof variants)[number],
  body: Section["body"] = "fp32",
) {
  const run = manifest({ down, variant, body });
  const fileOf = (section: Section, body: number, numbers = firstNumbers(run, section)) =>
    encodeSection(run, body, section, numbers);
  return { sections: exchangeOf(run).sections, fileOf };
}

const numbersIn = (file: Uint8Array) => float32Tensors(decodeSafetensors(file));

function drawn({ layout }: Section, seed: string): NamedTensors {
  const dice = random(seed);
  return namedTensors(
    layout,
    Float32Array.from({ length: layout.size }, () => 1e-3 * dice.normal()),
  );
}

test.each(kinds)(
  "[C77] %s: the next file is the one that its numbers have in that body, bit for bit",
  (down) => {
    for (const variant of variants) {
      const { sections, fileOf } = sectionsOf(down, variant);
      for (const section of sections) {
        const before = fileOf(section, 3);
        const copy = before.slice();
        const step = drawn(section, `${variant} ${section.name}`);
        const bytes = encodeStep(section, step);
        expect(bytes.length).toBeLessThan(before.length * (down === "int8" ? 0.3 : 0.2));
        const after = withStep(section, before, bytes, 12);
        expect(before).toEqual(copy);
        const from = numbersIn(before).data;
        const decoded = codecs[down].decode(bytes, section.layout).numbers.data;
        const sums = namedTensors(
          section.layout,
          from.map((x, i) => x + decoded[i]!),
        );
        expect(after).toEqual(fileOf(section, 12, sums));
      }
    }
  },
);

test("[C77] where a step is zero the number stays as it is, minus zero among them", () => {
  const { sections, fileOf } = sectionsOf("int4", "spec");
  const section = sections[0]!;
  const { layout } = section;
  const whole = fc.array(
    fc.tuple(fc.nat(layout.size - 1), fc.float({ noNaN: true, noDefaultInfinity: true })),
  );
  fc.assert(
    fc.property(whole, fc.nat(layout.size), (values, zeros) => {
      const numbers = namedTensors(layout);
      for (const [i, x] of values) numbers.data[i] = x;
      const step = drawn(section, "step");
      step.data.fill(0, 0, zeros);
      const bytes = encodeStep(section, step);
      const after = numbersIn(withStep(section, fileOf(section, 1, numbers), bytes, 2)).data;
      const bits = (data: Float32Array) => new Uint32Array(data.slice(0, zeros).buffer);
      expect(bits(after)).toEqual(bits(numbers.data));
    }),
    { numRuns: 20 },
  );
});

test("[C77] what is no step of the section, or no file of it, is an error that says so", () => {
  const { sections, fileOf } = sectionsOf("int8", "glob");
  const [theta, phi] = sections as [Section, Section];
  const bytes = encodeStep(theta, drawn(theta, "step"));
  const file = fileOf(theta, 0);
  expect(() => withStep(phi, fileOf(phi, 0), bytes, 1)).toThrow(DeltaError);
  expect(() => withStep(phi, file, encodeStep(phi, drawn(phi, "phi")), 1)).toThrow("section phi");
  expect(() => withStep(theta, file, bytes.subarray(0, 50), 1)).toThrow(DeltaError);
  expect(() => withStep(theta, file, Uint8Array.from([...bytes, 0]), 1)).toThrow(
    `expected ${bytes.length} bytes`,
  );
  const off = { ...theta, down: "off" } as const;
  expect(() => withStep(off, file, bytes, 1)).toThrow("expected a codec of its outer steps (down), got off");
});

test("[C97] a body of halves: 2 bytes a number, each the nearest half to the sum, from the first body on", () => {
  for (const variant of variants) {
    const { sections, fileOf } = sectionsOf("int8", variant, "fp16");
    for (const section of sections) {
      const first = fileOf(section, 0);
      const { size } = section.layout;
      expect(first.length).toBeLessThan(2 * size + 3000);
      const from = numbersIn(first).data;
      expect(from.map((x) => halfValue(halfFrom(x)))).toEqual(from);
      const step = drawn(section, `${variant} ${section.name}`);
      const bytes = encodeStep(section, step);
      const decoded = codecs.int8.decode(bytes, section.layout).numbers;
      const after = withStep(section, first, bytes, 1);
      expect(after).toEqual(moved(section, first, decoded, 1));
      const sums = from.map((x, i) => x + decoded.data[i]!);
      expect(numbersIn(after).data).toEqual(sums.map((x) => halfValue(halfFrom(x))));
      expect(after).toEqual(fileOf(section, 1, namedTensors(section.layout, sums)));
    }
  }
});

test("[C98] beyond the largest half a number stays at it; a run does not begin with such a number", () => {
  const { sections, fileOf } = sectionsOf("off", "spec", "fp16");
  const section = sections[0]!;
  const step = namedTensors(section.layout);
  step.data.set([1e6, -1e38, 65_519, 65_520, Number.MAX_VALUE]);
  const zeros = fileOf(section, 0, namedTensors(section.layout));
  const after = numbersIn(moved(section, zeros, step, 1)).data;
  expect([...after.subarray(0, 6)]).toEqual([65_504, -65_504, 65_504, 65_504, 65_504, 0]);
  expect(inBody(section, step).data).toEqual(after);
  expect(() => fileOf(section, 0, step)).toThrow(
    "numbers of at most 65504 (body: fp32 takes larger ones), got 1000000",
  );
});
