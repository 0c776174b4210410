import { type NamedTensors, namedTensors, random, tensorLayout } from "@homebody/base";
import { expect, test } from "vitest";
import { codecs } from "./delta.ts";
import { encodeWithResidual, type Residual } from "./residual.ts";
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
const kept = { decay: 1, mostRounds: 5 };
const difference = (a: Float32Array, b: Float32Array) => Math.hypot(...a.map((x, i) => x - b[i]!));
const residualOf = (numbers: NamedTensors, round = 1): Residual => ({ round, numbers });

test.each(lossy)(
  "[W15] $name: nothing is lost: what was sent and what is left are what was trained",
  (codec) => {
    const [trained, sent] = [new Float32Array(layout.size), new Float32Array(layout.size)];
    let residual: Residual | null = null;
    for (let round = 1; round <= 20; round++) {
      const own = drawn();
      const encoded = encodeWithResidual(codec, own, residual, round, kept);
      residual = encoded.residual;
      const { numbers } = codec.decode(encoded.bytes, layout);
      for (let i = 0; i < layout.size; i++) {
        trained[i]! += own.data[i]!;
        sent[i]! += numbers.data[i]!;
      }
    }
    expect(residual!.round).toBe(20);
    const all = sent.map((x, i) => x + residual!.numbers.data[i]!);
    expect(difference(all, trained)).toBeLessThan(1e-3);
    expect(difference(sent, trained)).toBeGreaterThan(codec.name === "int8" ? 0.1 : 1);
  },
);

test("[W16] a residual decays with every round since its own", () => {
  const numbers = drawn();
  const carried = (round: number) => {
    const { bytes } = encodeWithResidual(codecs.fp32, zeros, residualOf(numbers), round, {
      decay: 0.5,
      mostRounds: 3,
    });
    return codecs.fp32.decode(bytes, layout).numbers.data;
  };
  expect(carried(2)).toEqual(numbers.data.map((x) => x / 2));
  expect(carried(4)).toEqual(numbers.data.map((x) => x / 8));
});

test("[W17] a residual that is too old is dropped", () => {
  const { residual } = encodeWithResidual(sparse2(64), zeros, residualOf(drawn()), 7, kept);
  expect(residual).toEqual({ round: 7, numbers: zeros });
});

test("[W18] neither what was trained nor the residual before is changed", () => {
  const [trained, before] = [drawn(), residualOf(drawn())];
  const [one, other] = [trained.data.slice(), before.numbers.data.slice()];
  const first = encodeWithResidual(sparse2(64), trained, before, 2, kept);
  expect([trained.data, before.numbers.data]).toEqual([one, other]);
  expect(encodeWithResidual(sparse2(64), trained, before, 2, kept)).toEqual(first);
});

test("a residual of this round, of a later one or of another layout is refused", () => {
  const encode = (before: Residual, round: number) => () =>
    encodeWithResidual(codecs.int8, zeros, before, round, kept);
  for (const round of [0, 1])
    expect(encode(residualOf(zeros), round)).toThrow("residual: expected one of a round");
  const small = namedTensors(tensorLayout([{ name: "a", shape: [2] }]));
  expect(encode(residualOf(small), 2)).toThrow("residual, tensor 0: expected a [90, 60], got a [2]");
});
