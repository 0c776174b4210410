import { random } from "@homebody/base";
import { encodeDelta } from "@homebody/codec";
import { type Exchange, exchangeOf, firstNumbers, formsOf, learningRate } from "@homebody/dept";
import type { RunManifest, SectionName } from "@homebody/protocol";
import { expect, test } from "vitest";
import { manifest as manifestOf } from "../../../dept/test/manifests.ts";
import { contentsOf } from "./contents.ts";
import { lookInto } from "./looking.ts";
import { adamwMove, reachOf } from "./reach.ts";

const round = { steps: 10, localSteps: 10, stepsBefore: 200, totalSteps: 400 };
const plain = manifestOf();
const withTraining = (change: Partial<RunManifest["training"]>): RunManifest => ({
  ...plain,
  training: { ...plain.training, ...change },
});

/** |m'| / sqrt(v') after these gradients, without epsilon. */
function moveAfter([b1, b2]: readonly [number, number], gradients: readonly number[]): number {
  let [m, v] = [0, 0];
  for (const g of gradients) {
    m = b1 * m + (1 - b1) * g;
    v = b2 * v + (1 - b2) * g * g;
  }
  const t = gradients.length;
  return Math.abs(m / (1 - b1 ** t)) / Math.sqrt(v / (1 - b2 ** t));
}

test.each([[[0.9, 0.95]], [[0.9, 0.999]], [[0.95, 0.9]], [[0, 0.9]]] as const)(
  "[P10] no gradients move AdamW with betas %j further, and some just as far",
  (betas) => {
    const dice = random(`${betas}`);
    for (const t of [1, 2, 3, 10, 40]) {
      const most = adamwMove([...betas], t);
      for (let i = 0; i < 200; i++) {
        const gradients = Array.from(
          { length: t },
          () => (dice.uniform() - 0.5) * 10 ** (6 * dice.uniform()),
        );
        expect(moveAfter(betas, gradients)).toBeLessThan(most * (1 + 1e-9));
      }
      const worst = Array.from({ length: t }, (_, i) => (betas[0] / betas[1]) ** (t - 1 - i));
      expect(moveAfter(betas, worst)).toBeCloseTo(most, 9);
    }
  },
);

test("[P10] the reach is that of the round's own learning rates, of each section's own steps, and none where it stands still", () => {
  const [theta] = exchangeOf(plain).sections;
  const shape = { shape: [16, 16] };
  const at = (run: RunManifest, stepsBefore: number, section = theta!) =>
    reachOf(run.training, section, { ...round, stepsBefore })(shape, 0).largest;
  const rates = (from: number) =>
    Array.from({ length: 10 }, (_, i) => learningRate(plain.training.learningRate, from + i, 400));
  for (const from of [0, 200, 390]) {
    const most = rates(from).reduce((sum, rate, i) => sum + rate * adamwMove([0.9, 0.95], i + 1), 0);
    expect(at(plain, from)).toBeGreaterThan(most);
    expect(at(plain, from)).toBeLessThan(most * 1.02);
  }
  expect(at(withTraining({ frozenBody: true }), 200)).toBe(0);
  expect(at(withTraining({ moments: "kept" }), 200)).toBeGreaterThan(at(plain, 200));
  expect(at(withTraining({ weightDecay: 1 }), 200)).toBeGreaterThan(at(plain, 200));
  expect(at(withTraining({ fitSteps: 9, refitSteps: 9 }), 200)).toBe(at(plain, 200));
  const glob = {
    ...plain,
    variant: "glob" as const,
    vocabulary: { ...plain.vocabulary, kind: "global" as const },
  };
  const phi = exchangeOf(glob).sections.find(({ group }) => group === "phi")!;
  expect(at(withTraining({ refitSteps: 10 }), 200, phi)).toBeGreaterThan(1.5 * at(plain, 200));
});

test("[P68] the reach is that of as many steps as a delta claims, the first of its round", () => {
  const [theta] = exchangeOf(plain).sections;
  const at = (steps: number) =>
    reachOf(plain.training, theta!, { ...round, steps })({ shape: [16, 16] }, 0).largest;
  const most = (steps: number) =>
    Array.from(
      { length: steps },
      (_, i) => learningRate(plain.training.learningRate, 200 + i, 400) * adamwMove([0.9, 0.95], i + 1),
    ).reduce((sum, move) => sum + move, 0);
  for (const steps of [1, 3, 10]) {
    expect(at(steps)).toBeGreaterThan(most(steps));
    expect(at(steps)).toBeLessThan(most(steps) * 1.02);
  }
});

/** Of a delta in which these tensors have this number everywhere. */
function looked(
  run: RunManifest,
  exchange: Exchange,
  value: (tensor: string, shape: readonly number[]) => number,
  isStale = false,
) {
  const body = new Map(
    exchange.sections.map(({ name, layout }) => [
      name,
      new Map(layout.slots.map((slot) => [slot.name, 0.5])),
    ]),
  ) as ReadonlyMap<SectionName, ReadonlyMap<string, number>>;
  const sections = exchange.sections.map((section) => {
    const numbers = firstNumbers(run, section);
    for (const { name, shape, offset, size } of numbers.layout.slots)
      numbers.data.fill(value(name, shape), offset, offset + size);
    return { codec: section.codec, numbers };
  });
  const { bytes } = encodeDelta(sections);
  const found = lookInto(contentsOf(bytes, formsOf(exchange)), exchange, {
    manifest: run,
    round,
    carrying: null,
    isStale,
    body,
  });
  return found.ok ? "ok" : found.refusal;
}

test.each(["int8", "int4", "int2"] as const)(
  "[P10] [W8] as far as training can go is accepted in %s",
  (codec) => {
    for (const optimiser of [plain.training.optimiser, { kind: "muon", momentum: 0.95 } as const]) {
      const run = { ...withTraining({ optimiser }), codec };
      const exchange = exchangeOf(run);
      const reach = reachOf(run.training, exchange.sections[0]!, round);
      const furthest = (_: string, shape: readonly number[]) => reach({ shape }, 0.5).rootMeanSquare / 1.01;
      expect(looked(run, exchange, furthest)).toBe("ok");
      expect(looked(run, exchange, (name, shape) => 1.1 * furthest(name, shape))).toBe("too-far");
    }
  },
);

test("[P10] one tensor that went further than training can is enough, however small the rest", () => {
  const exchange = exchangeOf(plain);
  const { largest } = reachOf(plain.training, exchange.sections[0]!, round)({ shape: [16] }, 0.5);
  expect(looked(plain, exchange, () => largest / 1.001)).toBe("ok");
  expect(looked(plain, exchange, (_, shape) => (shape.length === 1 ? -4 : 0))).toBe("too-far");
  const [last] = exchange.sections[0]!.layout.slots.slice(-1);
  expect(looked(plain, exchange, (name) => (name === last!.name ? 1.1 * largest : 0))).toBe("too-far");
  // By Muon a matrix may have a large number, and yet not all of them.
  const muon = withTraining({ optimiser: { kind: "muon", momentum: 0.95 } });
  const own = reachOf(muon.training, exchange.sections[0]!, round)({ shape: [16, 16] }, 0.5);
  expect(own.largest).toBeGreaterThan(3 * own.rootMeanSquare);
  const ofMatrices = (number: number) => (_: string, shape: readonly number[]) =>
    shape.length === 2 ? number : 0;
  expect(looked(muon, exchange, ofMatrices(own.rootMeanSquare / 1.01))).toBe("ok");
  expect(looked(muon, exchange, ofMatrices(own.rootMeanSquare * 1.01))).toBe("too-far");
});

test("[C83] a delta that starts from the body before may go as much further as weight decay moves what its start lies from it", () => {
  for (const outer of [plain.outer, { kind: "nesterov", lr: 0.7, momentum: 0.9 } as const]) {
    const run = { ...withTraining({ weightDecay: 0.5 }), outer };
    const exchange = exchangeOf(run);
    const [theta] = exchange.sections;
    const reach = reachOf(run.training, theta!, round);
    const { largest } = reach({ shape: [16, 16] }, 0.5);
    const apart = 4 * (outer.kind === "nesterov" ? 7 : 1) * largest;
    const further = reach({ shape: [16, 16] }, 0.5 + apart).largest;
    expect(further).toBeGreaterThan(largest);
    const ofMatrices = (number: number) => (_: string, shape: readonly number[]) =>
      shape.length === 2 ? number : 0;
    expect(looked(run, exchange, ofMatrices(further / 1.01))).toBe("too-far");
    expect(looked(run, exchange, ofMatrices(further / 1.01), true)).toBe("ok");
    expect(looked(run, exchange, ofMatrices(1.01 * further), true)).toBe("too-far");
  }
});
