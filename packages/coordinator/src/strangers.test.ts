// What strangers can write, burn and claim is bounded: facts [C33] [C34], whom a round waits for [C35] [C36], deltas [C37],
// weights [C38], scores [C39].

import type { SourceId, VolunteerId } from "@homebody/base";
import { expect, test } from "vitest";
import { adding, ana, at, bo, bodyOf, cy, di, es, hashOf, ja, type Scene, scene } from "../test/scene.ts";
import { figuresOf, nextTimer, replay, retention } from "./index.ts";

const refused = (refusal: string) => ({ ok: false, refusal });
const evaluation = (volunteer = ana, change: object = {}) => {
  const claim = { nats: 70, tokens: 30, bytes: 50, body: 0, id: bodyOf("body 0") };
  return { kind: "evaluate", volunteer, source: es, ...claim, ...change } as const;
};
const phaseOf = (run: Scene) => run.state.phase as Extract<typeof run.state.phase, { kind: "training" }>;
const stranger = (i: number) => i.toString(16).padStart(32, "0") as VolunteerId;
/** Opens a round with these, each of a source of its own choice. */
function opened(run: Scene, ...who: readonly (readonly [VolunteerId, SourceId])[]): void {
  for (const [volunteer, source] of who) run.ready.set(volunteer, { source, rows: null });
  run.tickAll();
  expect(run.state.phase.kind).toBe("training");
}
function leaves(run: Scene, volunteer: VolunteerId): void {
  run.ready.delete(volunteer);
  run.do({ kind: "leave", volunteer });
  run.tickAll();
}

test("[C33] whoever no round ever counted on leaves no fact, however often it comes, evaluates and leaves", () => {
  const run = scene({ round: { minimum: 2 } });
  opened(run, [ana, es], [bo, ja]);
  const facts = run.entries.length;
  for (let i = 0; i < 100; i++) {
    expect(run.do(evaluation(stranger(i)))).toEqual(refused("not-assigned"));
    expect(run.do({ kind: "leave", volunteer: stranger(i) })).toEqual({ ok: true, facts: [] });
  }
  expect(run.entries.length).toBe(facts);
  // Who is assigned leaves one evaluation a body and two departures a round, however often.
  for (let i = 0; i < 100; i++) {
    run.do(evaluation(ana));
    run.do({ kind: "leave", volunteer: ana });
  }
  expect(run.kinds(facts)).toEqual(["evaluated", "left"]);
});

test("[C33] an evaluation of before the round is a fact as soon as a round counts on it, and before it ends", () => {
  const run = scene();
  expect(run.do(evaluation(ana))).toEqual(refused("not-assigned"));
  const scored = { nats: 70, tokens: 30, bytes: 50, body: 0, id: bodyOf("body 0") };
  run.ready.set(ana, { source: es, rows: null, scored });
  run.ready.set(bo, { source: es, rows: null, scored: { ...scored, id: hashOf("another") } });
  run.ready.set(cy, { source: es, rows: null, scored: { ...scored, body: 4 } }); // a body that came back under its id
  run.tickAll();
  expect(run.kinds(1)).toEqual(["opened", "evaluated"]);
  expect(run.state.evaluated).toEqual(new Set([ana]));
  for (const who of [ana, bo, cy]) run.deliver(who);
  run.publish(); // whoever is in it may evaluate the next body, also before anybody is assigned
  run.ready.clear();
  run.do({ kind: "admin", act: { kind: "end-round" } });
  expect(run.do(evaluation(bo, { body: 1, id: bodyOf("body 1") })).ok).toBe(true);
});

test("[C34] a run is not used up faster than its least time: neither by all nor by a quorum, but by its admin", () => {
  for (const quorum of ["all", 2]) {
    const run = scene({ rounds: 2000, round: { minimumSeconds: 3, graceSeconds: 0, quorum } });
    opened(run, [ana, es], [bo, ja]);
    const began = run.now;
    for (let round = 1; round <= 20; round++) {
      for (const who of [ana, bo]) run.deliver(who);
      expect(run.state.phase.kind).toBe("training");
      expect(nextTimer(run.state, at(run.now))).toBe(run.now + 3000);
      run.now += 2999;
      run.tickAll();
      expect(run.state.phase.kind).toBe("training");
      run.now += 1;
      run.tickAll();
      run.publish();
    }
    expect(run.now).toBe(began + 20 * 3000);
    run.deliver(ana);
    run.do({ kind: "admin", act: { kind: "end-round" } });
    expect(run.state.phase.kind).toBe("closing");
  }
});

test("[C34] a round that everybody leaves opens again at once, then ever later, at the latest after its deadline's time", () => {
  const run = scene({ round: { minimum: 1 } });
  const waits: number[] = [];
  for (let i = 0; i < 12; i++) {
    run.ready.set(stranger(i), { source: es, rows: null });
    const due = nextTimer(run.state, at(run.now));
    run.tickAll();
    if (due === null) waits.push(0);
    else {
      expect(run.state.phase.kind).toBe("gathering");
      waits.push((due - run.now) / 1000);
      run.now = due;
      run.tickAll();
    }
    expect(run.state.phase.kind).toBe("training");
    leaves(run, stranger(i));
  }
  expect(waits).toEqual([0, 0, 1, 3, 7, 15, 31, 63, 100, 100, 100, 100]);
  // An honest volunteer that comes takes part in the next opening, and then rounds follow one another.
  run.ready.set(ana, { source: es, rows: null });
  run.now += 100_000;
  run.tickAll();
  run.deliver(ana);
  run.publish();
  expect(run.state.phase).toMatchObject({ kind: "training", round: 2 });
});

test("[C34] row maps of a round that lapsed are needed no more; the one of the next opening are", () => {
  const kept = retention();
  const opening = (seq: number, rows: string) => ({
    seq,
    at: at(0),
    fact: {
      kind: "opened",
      ...{ round: 1, localSteps: 1, stepsBefore: 0, totalSteps: 1, deadline: at(9) },
      assigned: [{ volunteer: ana, source: es, slot: 0, slots: 1, rows: hashOf(rows) }],
    } as const,
  });
  const lapsed = { seq: 2, at: at(0), fact: { kind: "lapsed", round: 1 } } as const;
  const { state } = scene();
  expect(kept.follow([opening(1, "one"), lapsed, opening(3, "two")], state)).toEqual([hashOf("one")]);
  expect(kept.follow([{ ...lapsed, seq: 4 }, opening(5, "two")], state)).toEqual([]);
  expect(kept.kindOf(hashOf("two"))).toBe("rows");
});

test("[C35] sybils of one source that reach the quorum do not shut out a slow volunteer of another", () => {
  const run = scene({ round: { quorum: 2, graceSeconds: 0 } });
  opened(run, [bo, es], [cy, es], [di, es], [ana, ja]);
  for (const who of [bo, cy, di]) run.deliver(who);
  run.now += 50_000;
  run.tickAll();
  expect(phaseOf(run)).toMatchObject({ kind: "training", quorumAt: null });
  run.deliver(ana);
  expect(run.state.phase).toMatchObject({ kind: "closing", averaged: [bo, cy, di, ana] });
  expect(replay(run.entries)).toEqual(run.state);
});

test("[C35] a source counts for the quorum no more when its volunteers left, and a number of sources may do", () => {
  const left = scene({ round: { quorum: 1, graceSeconds: 9 } });
  opened(left, [bo, es], [cy, es], [ana, ja]);
  left.deliver(bo);
  expect(phaseOf(left).quorumAt).toBeNull();
  left.now += 1000;
  leaves(left, ana);
  expect(phaseOf(left).quorumAt).toBe(left.now);
  expect(nextTimer(left.state, at(left.now))).toBe(left.now + 9000);

  const two = scene({ round: { quorum: 2, quorumSources: 2, graceSeconds: 9 } });
  two.do(adding("fr" as SourceId));
  opened(two, [ana, es], [bo, es], [cy, ja], [di, "fr" as SourceId]);
  two.deliver(ana);
  two.deliver(bo);
  expect(phaseOf(two).quorumAt).toBeNull();
  two.deliver(cy);
  expect(phaseOf(two).quorumAt).toBe(two.now);
  two.do({ kind: "admin", act: { kind: "remove", volunteer: cy } });
  expect(phaseOf(two).quorumAt).toBeNull();
});

/** Rounds in which ana and bo deliver at once, and di never does: how long each takes. */
function roundsWithLazy(run: Scene, count: number): number[] {
  return Array.from({ length: count }, () => {
    const began = run.now;
    for (const who of [ana, bo]) run.deliver(who);
    if (run.state.phase.kind === "training") {
      run.now = nextTimer(run.state, at(run.now))!;
      run.tickAll();
    }
    const took = run.now - began;
    run.publish();
    return took;
  });
}

test("[C36] who missed two rounds in a row is assigned, but not waited for, until it has delivered once", () => {
  const run = scene({ rounds: 100 });
  opened(run, [ana, es], [bo, ja], [di, es]);
  expect(roundsWithLazy(run, 5)).toEqual([100_000, 100_000, 0, 0, 0]);
  expect(phaseOf(run).assigned.has(di)).toBe(true);
  expect(run.deliver(di).ok).toBe(true); // in time it counts
  expect(roundsWithLazy(run, 4)).toEqual([0, 100_000, 100_000, 0]);
  expect(run.entries.filter(({ fact }) => fact.kind === "accepted" && fact.volunteer === di)).toHaveLength(1);
  const never = scene({ rounds: 100, round: { excuseAfter: "never" } });
  opened(never, [ana, es], [bo, ja], [di, es]);
  expect(roundsWithLazy(never, 3)).toEqual([100_000, 100_000, 100_000]);
});

test("[C36] where all have missed too many the round waits as ever; a quorum's close is nobody's miss", () => {
  const run = scene({ round: { minimum: 1 } });
  opened(run, [ana, es]);
  for (let i = 0; i < 4; i++) {
    expect(phaseOf(run).pending).toEqual(new Set([ana]));
    run.now += 100_000;
    run.tickAll();
    run.tickAll();
  }
  const quick = scene({ rounds: 100, round: { quorum: 1, graceSeconds: 0 } });
  opened(quick, [ana, es], [bo, es]);
  for (let i = 0; i < 4; i++) {
    expect(phaseOf(quick).pending).toEqual(new Set([ana, bo]));
    quick.deliver(ana);
    quick.publish();
  }
});

test("[C37] the numbers of another delta are refused in its round and in nine after it, of anybody", () => {
  const run = scene({ rounds: 100 });
  opened(run, [ana, es], [bo, ja]);
  expect(run.deliver(ana, { numbers: "one" }).ok).toBe(true);
  expect(run.deliver(bo, { numbers: "one" })).toEqual(refused("copied-delta"));
  run.deliver(bo);
  run.publish();
  for (let round = 2; round <= 10; round++) {
    expect(run.deliver(ana, { numbers: "one" })).toEqual(refused("copied-delta"));
    for (const who of [ana, bo]) run.deliver(who);
    run.publish();
  }
  expect(run.deliver(ana, { numbers: "one" }).ok).toBe(true);
  expect(run.state.lateNumbers.size).toBe(2 * 9 + 1);
});

test("[C38] a delta says how long its sender has been of its source; who changes the source begins anew", () => {
  const run = scene({ rounds: 100, round: { minimum: 1 } });
  const seniorities = () =>
    run.entries.flatMap(({ fact }) => (fact.kind === "accepted" ? [fact.seniority] : []));
  opened(run, [ana, es]);
  for (let round = 1; round <= 5; round++) {
    run.deliver(ana);
    run.publish();
  }
  expect(seniorities()).toEqual([1, 2, 3, 3, 3]);
  run.ready.set(ana, { source: ja, rows: null });
  leaves(run, ana);
  run.now += 1000;
  opened(run, [ana, ja]);
  run.deliver(ana);
  expect(seniorities().at(-1)).toBe(1);
});

test("[C61] a delta says whose residual it may carry: of its sender's last one, unless that is too long ago", () => {
  const errorFeedback = { decay: 0.9, rounds: 3 };
  const run = scene({ rounds: 100, round: { minimum: 1 }, change: { errorFeedback } });
  const last = () => {
    const fact = run.entries.findLast(({ fact }) => fact.kind === "accepted")!.fact;
    return fact.kind === "accepted" ? fact.carriesFrom : undefined;
  };
  opened(run, [ana, es], [bo, es]);
  const carried: unknown[] = [];
  for (let round = 1; round <= 9; round++) {
    for (const who of [3, 4, 8].includes(round) ? [bo] : [bo, ana]) run.deliver(who);
    carried.push(last());
    if ([3, 4, 8].includes(round)) run.do({ kind: "admin", act: { kind: "end-round" } });
    run.publish();
  }
  // Of bo in rounds 3, 4 and 8; else of ana.
  expect(carried).toEqual([null, 1, 2, 3, 2, 5, 6, 7, 7]);
  for (let round = 10; round <= 13; round++) {
    if (round < 13) run.deliver(bo);
    else run.deliver(ana);
    run.do({ kind: "admin", act: { kind: "end-round" } });
    if (round === 13) expect(last()).toBeNull();
    run.publish();
  }
});

test("[C61] it is that of any source of its sender's, and none where the round's own delta was dropped or nothing is carried on", () => {
  const errorFeedback = { decay: 0.9, rounds: 3 };
  for (const change of [{ errorFeedback }, { errorFeedback: "off" as const }]) {
    const run = scene({ rounds: 100, round: { minimum: 1 }, change });
    const carried = () =>
      run.entries.flatMap(({ fact }) => (fact.kind === "accepted" ? [fact.carriesFrom] : []));
    opened(run, [ana, es]);
    run.deliver(ana);
    run.publish();
    run.ready.set(ana, { source: ja, rows: null });
    leaves(run, ana);
    run.now += 1000;
    opened(run, [ana, ja], [bo, ja]);
    run.deliver(ana);
    run.do({ kind: "drop", round: 2, volunteer: ana, reason: "missing" });
    run.deliver(ana, { numbers: "made again" });
    const isOff = change.errorFeedback === "off";
    expect(carried()).toEqual([null, isOff ? null : 1, null]);
  }
});

test("[C39] scores that cannot be are refused or cut: of too many bytes, too good, absurdly bad; too little is not shown", () => {
  const run = scene();
  opened(run, [ana, es], [bo, es]);
  for (const [claim, word] of [
    [{ nats: 0, bytes: 1e15 }, "implausible"],
    [{ nats: 0, bytes: 50 }, "implausible"],
    [{ nats: 0.4, bytes: 50 }, "implausible"],
    [{ bytes: 51, heldOutBytes: 50 }, "implausible"],
  ] as const)
    expect(run.do(evaluation(ana, claim))).toEqual(refused(word));
  run.do(evaluation(ana, { nats: 1.7e308, heldOutBytes: 50 }));
  expect(run.entries.at(-1)?.fact).toMatchObject({ kind: "evaluated", nats: 2 * Math.log(300) * 50 });
  run.deliver(ana);
  run.deliver(bo);
  run.publish();
  const next = { body: 1, id: bodyOf("body 1"), nats: 150 };
  expect(run.do(evaluation(ana, { ...next, bytes: 101 }))).toEqual(refused("implausible")); // it grew too much
  expect(run.do(evaluation(ana, { ...next, bytes: 100 })).ok).toBe(true);
});

/** One source of which each says so many bits a byte, on so many bytes. */
function scoresOf(...said: readonly (readonly [VolunteerId, bits: number, bytes: number])[]) {
  const run = scene({ round: { minimum: said.length } });
  for (const [who] of said) run.ready.set(who, { source: es, rows: null });
  run.tickAll();
  for (const [who, bits, bytes] of said) run.do(evaluation(who, { nats: bits * bytes * Math.LN2, bytes }));
  const bitsPerByte = () => figuresOf(run.entries)!.scores.es?.map((score) => score.bitsPerByte);
  return { run, bitsPerByte };
}

test("[C39] one liar moves a source's score to what another one says at most, whatever size it claims", () => {
  const honest = [
    [bo, 3, 1000],
    [cy, 3.1, 1000],
    [di, 3.2, 1000],
  ] as const;
  for (const lie of [
    [ana, 0.02, 1e9],
    [ana, 16, 1e9],
  ] as const) {
    const { run, bitsPerByte } = scoresOf(lie, ...honest);
    const [score] = bitsPerByte()!;
    expect(score).toBeGreaterThanOrEqual(3);
    expect(score).toBeLessThanOrEqual(3.2);
    // Once it is removed nothing of it is left.
    run.do({ kind: "admin", act: { kind: "remove", volunteer: ana } });
    expect(bitsPerByte()).toEqual([expect.closeTo(3.1, 12)]);
    expect(figuresOf(run.entries)!.scores.es).toMatchObject([{ volunteers: 3, bytes: 3000 }]);
  }
});

test("[C39] a point of which nobody is left goes, and of a crowd sixteen are drawn", () => {
  const { run, bitsPerByte } = scoresOf([ana, 3, 500]);
  run.do({ kind: "admin", act: { kind: "remove", volunteer: ana } });
  expect(bitsPerByte()).toEqual([]);
  const crowd = scoresOf(...Array.from({ length: 100 }, (_, i) => [stranger(i), 2 + i / 100, 500] as const));
  const [point] = figuresOf(crowd.run.entries)!.scores.es!;
  expect(point).toMatchObject({ volunteers: 100, bytes: 50_000 });
  expect(point!.shares).toHaveLength(16);
  expect(Math.abs(point!.bitsPerByte - 2.5)).toBeLessThan(0.3);
});
