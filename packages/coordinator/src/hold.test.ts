// A run that holds itself [C27].

import type { SourceId, VolunteerId } from "@homebody/base";
import type { RunManifest } from "@homebody/protocol";
import { expect, test } from "vitest";
import { ana, at, bo, cy, di, es, ja, type Scene, scene } from "../test/scene.ts";
import { announcementFor, figuresOf, nextTimer } from "./index.ts";

type Who = readonly [VolunteerId, SourceId];
const four: readonly Who[] = [
  [ana, es],
  [bo, es],
  [cy, ja],
  [di, ja],
];

function run(who: readonly Who[] = four, hold: RunManifest["hold"] = { worsening: 0.25 }, rounds = 9): Scene {
  const one = scene({ rounds, round: { minimum: who.length }, change: { hold } });
  for (const [volunteer, source] of who) one.join(volunteer, source);
  return one;
}

/** All who are ready measure the current body, so many bits per byte each; a round that is open goes on. */
function measure(one: Scene, bits: readonly number[]): void {
  for (const [i, [volunteer, { source }]] of [...one.ready].entries()) {
    if (bits[i] === undefined) continue;
    const { number, id } = one.state.body;
    const scored = { nats: bits[i]! * 100 * Math.LN2, tokens: 40, bytes: 100 };
    one.do({ kind: "evaluate", volunteer, source, body: number, id, ...scored });
  }
  one.tickAll();
}

function next(one: Scene): void {
  for (const volunteer of [...one.ready.keys()]) one.deliver(volunteer);
  one.publish();
}

test("[C27] two sources that find a body much worse hold the run: nothing opens, closes or ends by itself until the host decides", () => {
  const one = run();
  measure(one, [4, 4, 5, 5]);
  next(one);
  measure(one, [3, 3, 4, 4]);
  next(one);
  measure(one, [3.8, 3.9, 5.1, 5.2]);
  expect(one.state.held).toEqual({ body: 2, sources: [es, ja] });
  expect(figuresOf(one.entries)).toMatchObject({ held: { body: 2 }, paused: true });
  expect(announcementFor(one.state, ana, one.ready, at(one.now))).toMatchObject({
    paused: true,
    held: { body: 2 },
  });
  expect(nextTimer(one.state, at(one.now))).toBeNull();
  for (const volunteer of [ana, bo, cy, di]) one.deliver(volunteer);
  one.now += 1e9;
  one.tickAll();
  expect(one.state.phase).toMatchObject({ kind: "training", round: 3 });
  expect(one.entries.filter(({ fact }) => fact.kind === "held")).toHaveLength(1);
  one.do({ kind: "admin", act: { kind: "resume" } });
  one.tickAll();
  expect(one.state).toMatchObject({ held: null, paused: false, phase: { kind: "closing", round: 3 } });
  // From here on it is measured beside what it was when the host let it go on.
  one.publish();
  measure(one, [3.8, 3.7, 5.1, 5.2]);
  expect(one.state.held).toBeNull();
  next(one);
  measure(one, [4.9, 4.9, 6.6, 6.6]);
  expect(one.state.held).toEqual({ body: 4, sources: [es, ja] });
});

test("[C27] [C28] to go back ends the hold", () => {
  const one = run();
  measure(one, [4, 4, 4, 4]);
  next(one);
  measure(one, [9, 9, 9, 9]);
  expect(one.state.held).not.toBeNull();
  one.do({ kind: "admin", act: { kind: "undo", to: 0, without: [] } });
  one.publish();
  expect(one.state).toMatchObject({ held: null, paused: false, phase: { kind: "training", round: 3 } });
  measure(one, [4, 4, 4, 4]);
  expect(one.state.held).toBeNull();
});

test("[C27] one source of several, the half of a source, one liar, or one who is new do not hold it; nor does a slow run", () => {
  const outcomes = (second: readonly number[], who = four) => {
    const one = run(who);
    measure(one, [4, 4, 4, 4]);
    next(one);
    measure(one, second);
    return one.state.held?.sources ?? null;
  };
  // The demonstration's second body: es rose from 2.685 to 3.244 bits per byte, the others fell.
  expect(outcomes([4.83, 4.83, 3.9, 3.9])).toBeNull();
  expect(outcomes([9, 9, 3.9, 3.9])).toBeNull();
  expect(outcomes([9, 3.9, 9, 3.9])).toBeNull();
  expect(outcomes([4.9, 4.9, 4.9, 4.9])).toBeNull();
  expect(outcomes([5.1, 5.1, 5.1, 5.1])).toEqual([es, ja]);
  // Who has not measured it yet counts as one who finds it no worse.
  expect(outcomes([9, 3, 9])).toBeNull();
  expect(outcomes([9, 9, 9])).toBeNull();
});

test("[C27] of a run in which one source measures, that one is enough; off is off", () => {
  const alone: readonly Who[] = [
    [ana, es],
    [bo, es],
  ];
  for (const [hold, held] of [
    [{ worsening: 0.25 }, { body: 1, sources: [es] }],
    [{ worsening: 2 }, null],
    ["off", null],
  ] as const) {
    const one = run(alone, hold);
    measure(one, [4, 4]);
    next(one);
    measure(one, [6, 6]);
    expect(one.state.held).toEqual(held);
  }
});

test("[C27] the last body too: a run that holds itself is not finished before its host has decided", () => {
  const one = run(four, { worsening: 0.25 }, 1);
  measure(one, [4, 4, 4, 4]);
  next(one);
  expect(one.state.phase.kind).toBe("evaluating");
  measure(one, [8, 8, 8, 8]);
  expect(one.state).toMatchObject({ held: { body: 1 }, phase: { kind: "evaluating" } });
  one.do({ kind: "admin", act: { kind: "undo", to: 0, without: [] } });
  one.publish();
  measure(one, [4, 4, 4, 4]);
  expect(one.state).toMatchObject({ body: { number: 2 }, phase: { kind: "finished" } });
});

test("[C24] who does not measure any more is forgotten", () => {
  const one = run();
  measure(one, [4, 4, 4, 4]);
  for (let round = 0; round < 6; round++) {
    next(one);
    measure(one, [4, 4]);
  }
  expect([...one.state.scores.keys()]).toEqual([ana, bo]);
});
