// Rounds with a time box: the steps that they are of the run [C85], and when they close [C86].

import { expect, test } from "vitest";
import { ana, at, bo, cy, di, ja, manifest, type SceneOptions, scene } from "../test/scene.ts";
import { announcementFor, nextTimer, replay } from "./index.ts";

const boxed = (options: SceneOptions = {}) => {
  const { training } = manifest();
  const timeBox = { seconds: 60, leastSteps: 1 };
  const change = { training: { ...training, localSteps: 500, timeBox }, ...options.change };
  return scene({ ...options, change });
};

const openedSteps = (run: ReturnType<typeof scene>) =>
  run.entries.flatMap(({ fact }) =>
    fact.kind === "opened" ? [[fact.localSteps, fact.stepsBefore, fact.totalSteps]] : [],
  );

test("[C85] a round is as many steps of the run as the median of its deltas claims, each source with as much of it", () => {
  const run = boxed({ rounds: 4, round: { minimum: 4 } });
  run.join(ana);
  run.join(bo);
  run.join(cy);
  run.join(di, ja);
  // The one of ja has as much of it as the three of es together.
  for (const [who, steps] of [
    [ana, 20],
    [bo, 90],
    [cy, 500],
    [di, 400],
  ] as const)
    run.deliver(who, { steps, tokens: 32 * steps });
  run.publish();
  for (const who of [ana, bo, cy, di]) run.deliver(who, { steps: 10, tokens: 320 });
  run.publish();
  // Before anything is known of the devices there are as many as there can be; then as many as the rounds made on average.
  expect(openedSteps(run)).toEqual([
    [500, 0, 2000],
    [500, 400, 1600],
    [500, 410, 820],
  ]);
  expect(replay(run.entries)).toEqual(run.state);
});

test("[C85] a round that comes to nothing is no step; without a time box each round has what the file says", () => {
  const run = boxed();
  run.join(ana);
  run.join(bo, ja);
  run.deliver(ana, { steps: 7, tokens: 224 });
  run.deliver(bo, { steps: 9, tokens: 288 });
  for (const volunteer of [ana, bo]) run.do({ kind: "drop", round: 1, volunteer, reason: "missing" });
  run.tickAll(); // it lapses
  run.tickAll(); // and opens again
  expect(openedSteps(run).at(-1)).toEqual([500, 0, 1500]);
  const plain = scene();
  plain.join(ana);
  plain.join(bo, ja);
  plain.deliver(ana, { steps: 3, tokens: 96 });
  plain.deliver(bo, { steps: 3, tokens: 96 });
  plain.publish();
  expect(openedSteps(plain)).toEqual([
    [10, 0, 30],
    [10, 10, 30],
  ]);
});

test("[C86] a quorum's grace begins when the time box is over; who is through before that waits for the others", () => {
  const run = boxed({ round: { quorum: 1, quorumSources: 1 } });
  run.join(ana);
  run.join(bo, ja);
  run.now += 2000;
  run.deliver(ana, { steps: 500 });
  const closes = 1000 + 60_000 + 5000;
  expect(nextTimer(run.state, at(run.now))).toBe(closes);
  run.now = closes - 1;
  run.tickAll();
  expect(run.state.phase.kind).toBe("training");
  run.now = closes;
  run.tickAll();
  expect(run.entries.at(-1)?.fact).toMatchObject({ kind: "closed", reason: "quorum" });
});

test("[C86] a quorum that comes after the time box has its grace as in other rounds, and all who are in close it at once", () => {
  const late = boxed({ round: { quorum: 1, quorumSources: 1 } });
  late.join(ana);
  late.join(bo, ja);
  late.now += 70_000;
  late.deliver(ana);
  expect(nextTimer(late.state, at(late.now))).toBe(late.now + 5000);
  const quick = boxed();
  quick.join(ana);
  quick.join(bo, ja);
  quick.deliver(ana);
  quick.deliver(bo);
  expect(quick.entries.at(-1)?.fact).toMatchObject({ kind: "closed", reason: "all" });
});

test("[C86] [P67] volunteers are told how long the time box is yet: by the wall clock, whatever becomes of the deadline", () => {
  const run = boxed();
  run.join(ana);
  run.join(bo, ja);
  const told = () => announcementFor(run.state, ana, run.ready, at(run.now));
  expect(told()).toMatchObject({ kind: "training", localSteps: 500, boxMs: 60_000, remainingMs: 100_000 });
  run.now += 15_000;
  run.do({ kind: "admin", act: { kind: "pause" } });
  run.now += 10_000;
  expect(told()).toMatchObject({ paused: true, boxMs: 35_000, remainingMs: 85_000 });
  run.now += 40_000;
  run.do({ kind: "admin", act: { kind: "resume" } });
  expect(told()).toMatchObject({ boxMs: 0, remainingMs: 85_000 });
  const plain = scene();
  plain.join(ana);
  plain.join(bo, ja);
  expect(announcementFor(plain.state, ana, plain.ready, at(plain.now))).not.toHaveProperty("boxMs");
});
