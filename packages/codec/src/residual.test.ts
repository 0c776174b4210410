import { type NamedTensors, namedTensors, random, slotView, tensorLayout } from "@homebody/base";
import fc from "fast-check";
import { expect, test } from "vitest";
import type { Codec } from "./codec.ts";
import { codecs } from "./delta.ts";
import { type Feedback, type Residual, withResidual } from "./residual.ts";
import { sparse2 } from "./sparse.ts";

const layout = tensorLayout([
  { name: "a", shape: [90, 60] },
  { name: "b", shape: [60] },
]);
const dice = random("residual");
const drawn = () =>
  namedTensors(
    layout,
    Float32Array.from({ length: layout.size }, () => dice.normal()),
  );
const zeros = namedTensors(layout);
const lossy = [codecs.int8, codecs.int4, codecs.int2, sparse2(64), sparse2(32)];
const kept = { decay: 1, rounds: 5 };
const difference = (a: Float32Array, b: Float32Array) => Math.hypot(...a.map((x, i) => x - b[i]!));
const residualOf = (numbers: NamedTensors, round = 1): Residual => ({ round, numbers });

const dropped = (codec: Codec, numbers: NamedTensors): Float32Array => {
  const left = new Float32Array(numbers.layout.size);
  codec.encode(numbers, left);
  return left;
};

test.each(lossy)(
  "[W15] $name: nothing is lost: what was sent and what is left are what was trained",
  (codec) => {
    const [trained, sent] = [new Float32Array(layout.size), new Float32Array(layout.size)];
    let residual: Residual | null = null;
    for (let round = 1; round <= 20; round++) {
      const own = drawn();
      const whole = withResidual(own, residual, round, kept);
      residual = residualOf(namedTensors(layout, dropped(codec, whole)), round);
      const { numbers } = codec.decode(codec.encode(whole), layout);
      for (let i = 0; i < layout.size; i++) {
        trained[i]! += own.data[i]!;
        sent[i]! += numbers.data[i]!;
      }
    }
    const all = sent.map((x, i) => x + residual!.numbers.data[i]!);
    expect(difference(all, trained)).toBeLessThan(1e-3);
    expect(difference(sent, trained)).toBeGreaterThan(codec.name === "int8" ? 0.1 : 1);
  },
);

const carried = (residual: Residual, round: number, feedback: Feedback = kept) =>
  withResidual(zeros, residual, round, feedback).data;

test("[W16] a residual decays once from one round to the next, and once more for each that was missed", () => {
  const residual = residualOf(drawn(), 1);
  const half = { decay: 0.5, rounds: 3 };
  expect(carried(residual, 2, half)).toEqual(residual.numbers.data.map((x) => x / 2));
  expect(carried(residual, 4, half)).toEqual(residual.numbers.data.map((x) => x / 8));
});

test("[W17] a residual that is too old is dropped, and one of this round or a later one", () => {
  for (const round of [0, 1, 2, 8]) expect(carried(residualOf(drawn(), 2), round)).toEqual(zeros.data);
  const residual = residualOf(drawn(), 2);
  for (const round of [3, 7]) expect(carried(residual, round)).toEqual(residual.numbers.data);
});

test("[W18] neither what was trained nor the residual before is changed", () => {
  const [trained, before] = [drawn(), residualOf(drawn())];
  const [one, other] = [trained.data.slice(), before.numbers.data.slice()];
  const first = withResidual(trained, before, 2, kept);
  dropped(sparse2(64), first);
  expect([trained.data, before.numbers.data]).toEqual([one, other]);
  expect(withResidual(trained, before, 2, kept)).toEqual(first);
});

test.each(lossy)("[W19] $name: what is dropped of a tensor is no larger than the tensor", (codec) => {
  const norm = (numbers: Float32Array) => Math.hypot(...numbers);
  const largest = (numbers: Float32Array) => Math.max(0, ...numbers.map(Math.abs));
  const number = fc.oneof(
    fc.float({ min: -1, max: 1, noNaN: true }),
    fc.float({ noNaN: true, noDefaultInfinity: true }),
  );
  const tensors = fc.array(fc.array(number, { maxLength: 200 }), { minLength: 1, maxLength: 3 });
  fc.assert(
    fc.property(tensors, (all) => {
      const layout = tensorLayout(all.map(({ length }, i) => ({ name: `${i}`, shape: [length] })));
      const numbers = namedTensors(layout, Float32Array.from(all.flat()));
      const left = namedTensors(layout, dropped(codec, numbers));
      for (const slot of layout.slots) {
        const [of, was] = [slotView(left, slot), slotView(numbers, slot)];
        expect(norm(of)).toBeLessThanOrEqual(norm(was) * (1 + 2 ** -8) + 2 ** -120);
        expect(largest(of)).toBeLessThanOrEqual(largest(was) * (1 + 2 ** -8) + 2 ** -120);
      }
    }),
    { numRuns: 1000 },
  );
});

test("a residual of another layout is refused", () => {
  const small = namedTensors(tensorLayout([{ name: "a", shape: [2] }]));
  expect(() => withResidual(zeros, residualOf(small), 2, kept)).toThrow(
    "residual, tensor 0: expected a [90, 60], got a [2]",
  );
});
