// [P56] How far a delta with error feedback may go: nobody honest is refused, and nobody goes further.

import { type NamedTensors, namedTensors, type Random, random, slotView } from "@homebody/base";
import { type DeltaCodec, encodeDelta, type Residual, withResidual } from "@homebody/codec";
import { carriesFrom, type Standing } from "@homebody/coordinator";
import { exchangeOf, formsOf } from "@homebody/dept";
import type { RunManifest, SectionName } from "@homebody/protocol";
import fc from "fast-check";
import { expect, test } from "vitest";
import { manifest as manifestOf } from "../../../dept/test/manifests.ts";
import { contentsOf } from "./contents.ts";
import { lookInto } from "./looking.ts";
import { reachOf } from "./reach.ts";

const localSteps = 10;
const who = { volunteer: "ab".repeat(16) as never, source: "es" as never };
/** As the kernels may round: an honest device goes so far at most. */
const honest = 1 / 1.01;

interface Played {
  readonly codec: DeltaCodec;
  readonly decay: number;
  readonly rounds: number;
  readonly optimiser: RunManifest["training"]["optimiser"];
  /** Of each round, whether this volunteer delivers in it. */
  readonly delivers: readonly boolean[];
  /** Of each round, how many rounds the run is said to have. */
  readonly totals: readonly number[];
  /** Of each round with a time box, how many steps this volunteer makes, and how many of the run it is; null: none has one. */
  readonly boxes: readonly (readonly [own: number, ofRun: number])[] | null;
  readonly seed: string;
}

function runOf({
  codec,
  decay,
  rounds,
  optimiser,
  boxes = null,
}: Omit<Played, "delivers" | "totals" | "seed" | "boxes"> & Partial<Pick<Played, "boxes">>): RunManifest {
  const run = manifestOf({ codec, errorFeedback: { decay, rounds } });
  const learningRate = { ...run.training.learningRate, warmupSteps: 25 };
  const timeBox = boxes === null ? "off" : { seconds: 60, leastSteps: 1 };
  return { ...run, training: { ...run.training, timeBox, optimiser, learningRate } };
}

/** Deltas of a volunteer whose training goes as far as it can, and what is said of each. */
function play(played: Played): readonly string[] {
  const run = runOf(played);
  const exchange = exchangeOf(run);
  const [theta] = exchange.sections;
  const dice = random(played.seed);
  const body = new Map<SectionName, ReadonlyMap<string, number>>([
    ["theta", new Map(theta!.layout.slots.map(({ name }) => [name, 0.5]))],
  ]);
  const standings = new Map<never, Standing>();
  const habits = { signs: dice.below(3), share: dice.below(2) === 0 ? 1 : dice.uniform() };
  let residual: Residual | null = null;
  let longestSchedule = 0;
  let stepsBefore = 0;
  const answers: string[] = [];
  for (const [i, delivers] of played.delivers.entries()) {
    const [own, ofRun] = played.boxes?.[i] ?? [localSteps, localSteps];
    const steps = { steps: own, localSteps, stepsBefore, totalSteps: localSteps * played.totals[i]! };
    stepsBefore += ofRun;
    longestSchedule = Math.max(longestSchedule, steps.totalSteps);
    if (!delivers) continue;
    const round = i + 1;
    const reach = reachOf(run.training, theta!, steps);
    const trained = movedBy(theta!.layout, (slot) => reach(slot, 0.5), habits, dice);
    const whole = withResidual(trained, residual, round, exchange.feedback!);
    const dropped = namedTensors(theta!.layout);
    const { bytes } = encodeDelta([{ codec: played.codec, numbers: whole }], [dropped.data]);
    const from = carriesFrom({ standings, manifest: run }, { ...who, round });
    const carrying = from === null ? null : { decay: played.decay, longestSchedule };
    const looked = lookInto(contentsOf(bytes, formsOf(exchange)), exchange, {
      manifest: run,
      round: steps,
      carrying,
      body,
    });
    answers.push(looked.ok || looked.refusal === "empty-delta" ? "ok" : looked.refusal);
    residual = { round, numbers: dropped };
    const standing = { ...who, counted: 1, missed: 0, scoredBytes: null, deliveredRound: round, round };
    standings.set(who.volunteer, standing);
  }
  return answers;
}

/** Some of the numbers of each tensor, as far as they may go: by one sign, by two, or each round as before. */
function movedBy(
  layout: NamedTensors["layout"],
  reach: (slot: (typeof layout.slots)[number]) => ReturnType<ReturnType<typeof reachOf>>,
  { signs, share }: { readonly signs: number; readonly share: number },
  dice: Random,
): NamedTensors {
  const trained = namedTensors(layout);
  for (const slot of layout.slots) {
    const { largest, rootMeanSquare } = reach(slot);
    const values = slotView(trained, slot);
    for (const [i] of values.entries()) {
      const sign = signs === 0 ? 1 : signs === 1 ? (dice.uniform() < 0.5 ? -1 : 1) : i % 2 === 0 ? -1 : 1;
      const isMoved = signs === 2 ? (i * 7919) % 100 < 100 * share : dice.uniform() < share;
      if (isMoved) values[i] = sign * honest * Math.min(rootMeanSquare, largest);
    }
  }
  return trained;
}

test("[P56] [P68] [C61] no honest delta is too far, whatever rounds are missed, however far training goes, rounds are changed and boxed", () => {
  const codec = fc.constantFrom<DeltaCodec>(
    ...(["int8", "int4", "int2"] as const),
    ...[1, 64, 700].map((k) => ({ kind: "sparse2", k }) as const),
  );
  const adamw = { kind: "adamw" } as const;
  const someSteps = fc.integer({ min: 1, max: localSteps });
  const played = fc.record({
    codec,
    decay: fc.double({ min: 0, max: 0.99, noNaN: true }),
    rounds: fc.integer({ min: 1, max: 30 }),
    optimiser: fc.constantFrom<Played["optimiser"]>(adamw, { kind: "muon", momentum: 0.95 }),
    delivers: fc.array(fc.boolean(), { minLength: 1, maxLength: 40 }),
    totals: fc.array(fc.integer({ min: 1, max: 60 }), { minLength: 40, maxLength: 40 }),
    boxes: fc.option(fc.array(fc.tuple(someSteps, someSteps), { minLength: 40, maxLength: 40 })),
    seed: fc.string(),
  });
  // All numbers move as far as they can, and one of a tensor is sent a round: the others wait for theirs.
  const waiting = [0.3, 0.6, 0.95].flatMap((decay) =>
    ["a", "b", "c"].map((seed): [Played] => [
      {
        ...{ codec: { kind: "sparse2", k: 1 }, decay, rounds: 20, optimiser: adamw, seed },
        ...{ delivers: Array(40).fill(true), totals: Array(40).fill(400), boxes: null },
      },
    ]),
  );
  fc.assert(
    fc.property(played, (played) => {
      expect(new Set(play(played))).not.toContain("too-far");
    }),
    { numRuns: 150, examples: waiting },
  );
});

test("[P56] what is carried has a bound: of a geometric series of the furthest rounds, and less as the schedule falls", () => {
  const run = runOf({ codec: "int2", decay: 0.95, rounds: 20, optimiser: { kind: "adamw" } });
  const [theta] = exchangeOf(run).sections;
  const largest = (round: number, carrying: Parameters<typeof reachOf>[3], totalSteps = 2000) => {
    const steps = { steps: localSteps, localSteps, stepsBefore: localSteps * (round - 1), totalSteps };
    return reachOf(run.training, theta!, steps, carrying)({ shape: [16] }, 0).largest;
  };
  const carrying = { decay: 0.95, longestSchedule: 2000 };
  const furthest = largest(4, null);
  const most = 1 / (1 - 0.95 * (1 + 2 ** -8));
  expect(most).toBeLessThan(22);
  for (const round of [1, 2, 10, 100, 200]) {
    expect(largest(round, carrying)).toBeGreaterThanOrEqual(largest(round, null));
    expect(largest(round, carrying)).toBeLessThan(most * furthest);
  }
  // The first round carries nothing, the second a part of the first, and the last one what slow rounds left.
  expect(largest(1, carrying)).toBe(largest(1, null));
  expect(largest(2, carrying)).toBeLessThan(2 * largest(2, null));
  expect(largest(200, carrying)).toBeLessThan(1.5 * most * largest(200, null));
  // Where the run once had more rounds before it, theirs were faster.
  expect(largest(100, { ...carrying, longestSchedule: 4000 })).toBeGreaterThan(largest(100, carrying));
});

test("[P56] beyond what may be carried a delta is too far; so is anything carried by whoever carries nothing", () => {
  const run = runOf({ codec: "int2", decay: 0.95, rounds: 20, optimiser: { kind: "adamw" } });
  const exchange = exchangeOf(run);
  const [theta] = exchange.sections;
  const round = { steps: localSteps, localSteps, stepsBefore: 300, totalSteps: 600 };
  const carrying = { decay: 0.95, longestSchedule: 600 };
  const body = new Map<SectionName, ReadonlyMap<string, number>>([
    ["theta", new Map(theta!.layout.slots.map(({ name }) => [name, 0.5]))],
  ]);
  const answer = (carries: typeof carrying | null, times: number) => {
    const reach = reachOf(run.training, theta!, round, carrying);
    const numbers = namedTensors(theta!.layout);
    for (const slot of theta!.layout.slots)
      slotView(numbers, slot).fill(times * honest * reach(slot, 0.5).rootMeanSquare);
    const { bytes } = encodeDelta([{ codec: "int2", numbers }]);
    const looked = lookInto(contentsOf(bytes, formsOf(exchange)), exchange, {
      manifest: run,
      round,
      carrying: carries,
      body,
    });
    return looked.ok ? "ok" : looked.refusal;
  };
  expect([answer(carrying, 1), answer(carrying, 1.1), answer(null, 1), answer(null, 0.02)]).toEqual([
    "ok",
    "too-far",
    "too-far",
    "ok",
  ]);
});
