import type { SourceId, VolunteerId } from "@homebody/base";
import { expect, test } from "vitest";
import { adding, ana, at, bo, bodyOf, cy, di, es, hashOf, ja, manifest, scene } from "../test/scene.ts";
import {
  acceptTogether,
  aggregationOf,
  announcementFor,
  decide,
  endsBy,
  figuresOf,
  nextTimer,
  replay,
} from "./index.ts";

const refused = (refusal: string) => ({ ok: false, refusal });

function evaluation(volunteer = ana, body = 0) {
  const id = bodyOf(`body ${body}`);
  return { kind: "evaluate", volunteer, source: es, body, id, nats: 70, tokens: 30, bytes: 50 } as const;
}

test("[C1] deciding changes nothing, and replaying the journal gives the state that was", () => {
  const run = scene();
  run.join(ana);
  run.join(bo, ja);
  const before = structuredClone(run.state);
  const command = { kind: "tick", ready: new Map() } as const;
  expect(decide(run.state, command, at(1e9))).toEqual(decide(run.state, command, at(1e9)));
  expect(run.state).toEqual(before);
  run.deliver(ana);
  run.deliver(bo);
  run.publish();
  expect(replay(run.entries)).toEqual(run.state);
});

test("[C1] a run has one state, changed in place; bodies, manifests and a closing round's work may be kept", () => {
  const run = scene();
  const { state } = run;
  run.join(ana);
  run.join(bo, ja);
  run.deliver(ana);
  run.deliver(bo);
  const kept = { work: aggregationOf(state), body: state.body, manifest: state.manifest };
  const as = structuredClone(kept);
  run.do({ kind: "admin", act: { kind: "remove", volunteer: ana } });
  run.do({ kind: "change", manifest: manifest({ rounds: 7 }) });
  run.do(adding("nl" as SourceId, "source"));
  run.publish();
  expect(run.state).toBe(state);
  expect(state).toMatchObject({ body: { number: 1 }, manifest: { rounds: 7 }, removed: new Set([ana]) });
  expect(kept).toEqual(as);
  expect(as.work?.deltas).toHaveLength(2);
});

test("[C3] a state that is closing says what to average, after a replay as before", () => {
  const run = scene();
  run.join(bo);
  run.join(ana, ja);
  run.deliver(ana);
  run.deliver(bo);
  const work = aggregationOf(run.state);
  expect(work?.deltas.map(({ volunteer }) => volunteer)).toEqual([bo, ana]); // [C10] es before ja
  expect(aggregationOf(replay(run.entries)!)).toEqual(work);
  run.publish();
  expect(aggregationOf(run.state)).toBeUndefined();
});

test("[C4] a round opens when the minimum is ready, assigns everybody ready, slots in the order of ids", () => {
  const run = scene();
  run.ready.set(cy, { source: es, rows: null });
  run.tickAll();
  expect(run.state.phase.kind).toBe("gathering");
  run.ready.set(bo, { source: ja, rows: null });
  run.join(ana);
  expect(run.entries.at(-1)?.fact).toMatchObject({
    kind: "opened",
    round: 1,
    assigned: [
      { volunteer: ana, source: es, slot: 0, slots: 2 },
      { volunteer: cy, source: es, slot: 1, slots: 2 },
      { volunteer: bo, source: ja, slot: 0, slots: 1 },
    ],
    localSteps: 10,
    stepsBefore: 0,
    totalSteps: 30,
    deadline: run.now + 100_000,
  });
});

test("[C5] whoever comes later waits for the next round", () => {
  const run = scene();
  run.join(ana);
  run.join(bo);
  run.join(cy);
  expect(run.deliver(cy)).toEqual(refused("not-assigned"));
  const said = announcementFor(run.state, cy, run.ready, at(run.now));
  expect(said).toMatchObject({ kind: "training", assignment: null, accepted: false });
  run.deliver(ana);
  run.deliver(bo);
  run.publish();
  expect(run.state.phase).toMatchObject({ kind: "training", round: 2, pending: new Set([ana, bo, cy]) });
});

test("[C2] [C6] a delta counts once, of whoever is assigned, in its round; a refusal leaves no fact", () => {
  const run = scene();
  run.join(ana);
  run.join(bo);
  const facts = run.entries.length;
  expect(run.deliver(ana, { round: 2 })).toEqual(refused("wrong-round"));
  expect(run.deliver(di)).toEqual(refused("not-assigned"));
  expect(run.entries.length).toBe(facts);
  expect(run.deliver(ana).ok).toBe(true);
  expect(run.deliver(ana)).toEqual(refused("already-accepted"));
  expect(run.entries.length).toBe(facts + 1);
});

test("[C7] all: the round closes when nobody is pending", () => {
  const run = scene();
  run.join(ana);
  run.join(bo);
  run.deliver(bo);
  expect(run.state.phase.kind).toBe("training");
  run.deliver(ana);
  expect(run.entries.at(-1)?.fact).toEqual({ kind: "closed", round: 1, reason: "all", averaged: [ana, bo] });
});

test("[C7] deadline: not a millisecond earlier, with what there is", () => {
  const run = scene();
  run.join(ana);
  run.join(bo);
  const due = nextTimer(run.state, at(run.now))!;
  expect(due).toBe(run.now + 100_000);
  run.deliver(bo);
  run.now = due - 1;
  run.tickAll();
  expect(run.state.phase.kind).toBe("training");
  run.now = due;
  run.tickAll();
  expect(run.entries.at(-1)?.fact).toMatchObject({ kind: "closed", reason: "deadline", averaged: [bo] });
});

test("[C7] quorum: closes when the grace after it has passed", () => {
  const run = scene({ round: { quorum: 2 } });
  for (const who of [ana, bo, cy]) run.ready.set(who, { source: es, rows: null });
  run.tickAll();
  run.deliver(ana);
  run.now += 1000;
  run.deliver(cy);
  const due = run.now + 5000;
  expect(nextTimer(run.state, at(run.now))).toBe(due);
  run.now = due - 1;
  run.tickAll();
  expect(run.state.phase.kind).toBe("training");
  run.now = due;
  run.tickAll();
  expect(run.entries.at(-1)?.fact).toMatchObject({ kind: "closed", reason: "quorum", averaged: [ana, cy] });
});

test("[C8] nothing arrived: the same round lapses and opens again with whoever is ready", () => {
  const run = scene();
  run.join(ana);
  run.join(bo);
  run.join(cy);
  run.ready.delete(bo);
  run.now += 100_000;
  run.tickAll();
  expect(run.kinds(2)).toEqual(["lapsed", "opened"]);
  expect(run.state.phase).toMatchObject({ kind: "training", round: 1, pending: new Set([ana, cy]) });
  run.ready.clear();
  run.now += 100_000;
  run.tickAll();
  expect(run.state.phase).toEqual({ kind: "gathering", round: 1 });
});

test("[C9] the round does not wait for who left for good, but does for who lost its connection", () => {
  const run = scene();
  run.join(ana);
  run.join(bo);
  run.deliver(ana);
  run.ready.delete(bo); // a lost connection
  run.tickAll();
  expect(run.state.phase.kind).toBe("training");
  run.do({ kind: "leave", volunteer: bo });
  run.tickAll();
  expect(run.kinds(3)).toEqual(["left", "closed"]);
});

test("[C9] when everybody left, the round lapses", () => {
  const run = scene();
  run.join(ana);
  run.join(bo);
  run.ready.clear();
  for (const volunteer of [ana, bo]) run.do({ kind: "leave", volunteer });
  run.tickAll();
  expect(run.kinds(2)).toEqual(["left", "left", "lapsed"]);
  expect(run.do({ kind: "leave", volunteer: ana })).toEqual({ ok: true, facts: [] });
});

test("[C11] claims never count above the round's budget", () => {
  const run = scene();
  run.join(ana);
  run.join(bo);
  run.deliver(ana, { steps: 1e9, tokens: 1e15 });
  expect(run.entries.at(-1)?.fact).toMatchObject({ steps: 10, tokens: 10 * 2 * 16 });
  run.deliver(bo, { steps: 3, tokens: 1e15 });
  expect(run.entries.find(({ fact }) => "volunteer" in fact && fact.volunteer === bo)?.fact).toMatchObject({
    steps: 3,
    tokens: 3 * 2 * 16,
  });
});

test("[C12] time in which the coordinator was down does not count", () => {
  const run = scene({ round: { quorum: 1 } });
  run.join(ana);
  run.join(bo);
  run.now += 30_000;
  run.deliver(ana);
  const [deadline, grace] = [run.now + 70_000, run.now + 5000];
  run.now += 2000; // alive so long
  const aliveAt = at(run.now);
  run.now += 3_600_000;
  run.do({ kind: "restart", aliveAt });
  expect(nextTimer(run.state, at(run.now))).toBe(grace + 3_600_000);
  expect(run.state.phase).toMatchObject({ deadline: deadline + 3_600_000 });
});

test("[C12] [C16] a pause stops the clock, and a quorum reached in it starts its grace at the resumption", () => {
  const run = scene({ round: { quorum: 1 } });
  run.join(ana);
  run.join(bo);
  run.now += 10_000;
  run.do({ kind: "admin", act: { kind: "pause" } });
  expect(nextTimer(run.state, at(run.now))).toBeNull();
  run.now += 500_000;
  run.tickAll();
  expect(run.deliver(ana).ok).toBe(true);
  run.do({ kind: "restart", aliveAt: at(run.now) }); // a pause covers a restart
  run.now += 500_000;
  run.tickAll();
  expect(run.state.phase.kind).toBe("training");
  run.do({ kind: "admin", act: { kind: "resume" } });
  expect(run.state.phase).toMatchObject({ deadline: 101_000 + 1_000_000, quorumAt: run.now });
  expect(nextTimer(run.state, at(run.now))).toBe(run.now + 5000);
});

test("[C16] no round opens while paused", () => {
  const run = scene();
  run.do({ kind: "admin", act: { kind: "pause" } });
  run.join(ana);
  run.join(bo);
  expect(run.state.phase.kind).toBe("gathering");
  run.do({ kind: "admin", act: { kind: "resume" } });
  run.tickAll();
  expect(run.state.phase.kind).toBe("training");
});

test("[C13] an evaluation counts once, and only of the current body", () => {
  const run = scene();
  run.join(ana);
  run.join(bo);
  expect(run.do(evaluation(ana)).ok).toBe(true);
  expect(run.do(evaluation(ana))).toEqual({ ok: true, facts: [] });
  expect(run.do(evaluation(bo, 1))).toEqual(refused("wrong-body"));
  expect(run.do({ ...evaluation(bo), id: hashOf("another") })).toEqual(refused("wrong-body"));
  expect(run.kinds()).toEqual(["created", "opened", "evaluated"]);
});

test("[C14] after the last round its volunteers evaluate the last body, then the run is finished", () => {
  const run = scene({ rounds: 1 });
  run.join(ana);
  run.join(bo);
  run.deliver(ana);
  run.deliver(bo);
  run.ready.delete(bo); // its connection broke just now: it may be on its way back
  run.publish();
  expect(run.state.phase).toEqual({
    kind: "evaluating",
    pending: new Set([ana, bo]),
    deadline: run.now + 50_000,
  });
  run.do(evaluation(ana, 1));
  run.tickAll();
  expect(run.state.phase.kind).toBe("evaluating");
  run.now = nextTimer(run.state, at(run.now))!;
  run.tickAll();
  expect(run.state.phase).toEqual({ kind: "finished", reason: "rounds" });
});

test("[C15] a finished run accepts nothing", () => {
  const run = scene({ rounds: 1 });
  run.do({ kind: "admin", act: { kind: "end-run" } });
  run.tickAll();
  expect(run.state.phase).toEqual({ kind: "finished", reason: "admin" });
  const facts = run.entries.length;
  expect(run.deliver(ana)).toEqual(refused("finished"));
  expect(run.do(evaluation())).toEqual(refused("finished"));
  expect(run.do({ kind: "admin", act: { kind: "pause" } })).toEqual(refused("finished"));
  run.do({ kind: "restart", aliveAt: at(run.now) });
  const shorter = manifest({ rounds: 1, round: { deadlineSeconds: 7 } });
  expect(run.do({ kind: "change", manifest: shorter })).toEqual(refused("finished"));
  expect(run.entries.length).toBe(facts);
});

test("[C17] a removed volunteer is refused from then on, and its delta is not averaged", () => {
  const run = scene();
  run.join(ana);
  run.join(bo);
  run.deliver(ana);
  run.do({ kind: "admin", act: { kind: "remove", volunteer: ana } });
  run.tickAll();
  expect(run.deliver(ana)).toEqual(refused("removed"));
  run.deliver(bo);
  expect(run.entries.at(-1)?.fact).toMatchObject({ kind: "closed", averaged: [bo] });
  run.publish();
  expect(run.state.phase).toEqual({ kind: "gathering", round: 2 }); // ana is there, and does not count
});

test("[C17] a removal that is taken back lets the volunteer in again, from the next round on", () => {
  const run = scene();
  run.join(ana);
  run.join(bo);
  run.deliver(ana);
  run.do({ kind: "admin", act: { kind: "remove", volunteer: ana } });
  const before = run.entries.length;
  run.do({ kind: "admin", act: { kind: "restore", volunteer: ana } });
  run.do({ kind: "admin", act: { kind: "restore", volunteer: ana } }); // nothing to take back
  expect(run.entries.slice(before).map(({ fact }) => fact)).toEqual([{ kind: "restored", volunteer: ana }]);
  expect(run.state.removed.size).toBe(0);
  expect(run.deliver(ana)).toEqual(refused("not-assigned"));
  run.deliver(bo);
  expect(run.entries.at(-1)?.fact).toMatchObject({ kind: "closed", averaged: [bo] });
  run.publish();
  expect(run.entries.at(-1)?.fact).toMatchObject({
    kind: "opened",
    round: 2,
    assigned: [{ volunteer: ana }, { volunteer: bo }],
  });
});

test("[C18] the end of the run closes the open round with what it has, and opens no other", () => {
  const run = scene();
  run.join(ana);
  run.join(bo);
  run.deliver(ana);
  run.do({ kind: "admin", act: { kind: "pause" } });
  run.now += 1000;
  run.do({ kind: "admin", act: { kind: "end-run" } });
  run.tickAll();
  expect(run.entries.at(-1)?.fact).toMatchObject({ kind: "closed", reason: "admin", averaged: [ana] });
  run.publish();
  expect(run.state.phase).toMatchObject({ kind: "evaluating", pending: new Set([ana, bo]) });
  run.do(evaluation(ana, 1));
  run.do(evaluation(bo, 1));
  run.tickAll();
  expect(run.state.phase).toEqual({ kind: "finished", reason: "admin" });
});

test("[C18] the end of the run with nothing delivered evaluates the body that there is", () => {
  const run = scene();
  run.join(ana);
  run.join(bo);
  run.do(evaluation(ana));
  run.do({ kind: "admin", act: { kind: "end-run" } });
  run.tickAll();
  expect(run.state.phase).toMatchObject({ kind: "evaluating", pending: new Set([bo]) });
});

test("[C7] [C18] the end of a round by the admin: with a delta it closes, with none it lapses", () => {
  const run = scene();
  expect(run.do({ kind: "admin", act: { kind: "end-round" } })).toEqual(refused("wrong-round"));
  run.join(ana);
  run.join(bo);
  run.do({ kind: "admin", act: { kind: "end-round" } });
  expect(run.state.phase).toEqual({ kind: "gathering", round: 1 });
  run.tickAll();
  run.deliver(bo);
  run.do({ kind: "admin", act: { kind: "end-round" } });
  expect(run.entries.at(-1)?.fact).toMatchObject({ kind: "closed", reason: "admin", averaged: [bo] });
});

test("[C19] rounds, deadlines and description may change; nothing else", () => {
  const run = scene();
  expect(run.do({ kind: "change", manifest: manifest({ round: { minimum: 1 } }) })).toEqual(
    refused("wrong-run"),
  );
  expect(run.do({ kind: "change", manifest: manifest() })).toEqual({ ok: true, facts: [] });
  run.do({ kind: "change", manifest: manifest({ rounds: 7, round: { deadlineSeconds: 7 } }) });
  expect(run.state.manifest).toMatchObject({ rounds: 7, round: { deadlineSeconds: 7 } });
});

test.each(["rounds", "admin", "evaluating"])(
  "[C42] a run at its end (%s) goes on where it gets more rounds",
  (how) => {
    const run = scene({ rounds: 1 });
    run.join(ana);
    run.join(bo);
    if (how === "admin") {
      run.deliver(ana);
      run.do({ kind: "admin", act: { kind: "end-run" } });
      run.tickAll();
    } else {
      run.deliver(ana);
      run.deliver(bo);
    }
    run.publish();
    expect(run.state.phase.kind).toBe("evaluating");
    if (how !== "evaluating") {
      run.now = nextTimer(run.state, at(run.now))!;
      run.tickAll();
      expect(run.state.phase.kind).toBe("finished");
    }
    const steps = run.state.stepsDone;
    const last = run.entries.length;
    run.do({ kind: "change", manifest: manifest({ rounds: 2 }) });
    expect(run.entries.slice(last, last + 2).map(({ fact }) => fact.kind)).toEqual(["changed", "reopened"]);
    expect(figuresOf(run.entries)).toMatchObject({ finished: false, ending: false, round: 2, rounds: 2 });
    run.tickAll();
    expect(run.state.phase).toMatchObject({ kind: "training", round: 2, stepsBefore: steps });
    run.deliver(ana);
    run.deliver(bo);
    run.publish();
    expect(run.state.body.number).toBe(2);
  },
);

test("[C42] as many rounds as it had, or as are done, reopen nothing", () => {
  const run = scene({ rounds: 3 });
  run.do({ kind: "admin", act: { kind: "end-run" } });
  run.tickAll();
  expect(run.state.phase.kind).toBe("finished");
  const later = manifest({ rounds: 3, round: { deadlineSeconds: 7 } });
  expect(run.do({ kind: "change", manifest: later })).toEqual(refused("finished"));
});

test("[C42] rounds that are lowered to what is done close the open round with what it has, and end the run", () => {
  const run = scene({ rounds: 5 });
  run.join(ana);
  run.join(bo);
  for (const who of [ana, bo]) run.deliver(who);
  run.publish();
  run.deliver(ana, { round: 2 });
  run.do({ kind: "change", manifest: manifest({ rounds: 1 }) });
  run.tickAll();
  expect(run.entries.at(-1)?.fact).toMatchObject({ kind: "closed", round: 2, averaged: [ana] });
  run.do({ kind: "change", manifest: manifest({ rounds: 4 }) }); // the host thinks better of it
  run.publish();
  expect(run.state.phase).toMatchObject({ kind: "training", round: 3 });
});

test("[C42] fewer rounds than are done would end the run; so many that one is left would not", () => {
  const run = scene({ rounds: 5 });
  run.join(ana);
  run.join(bo);
  for (const who of [ana, bo]) run.deliver(who);
  run.publish();
  expect([3, 2, 1].map((rounds) => endsBy(run.state, rounds))).toEqual([false, false, true]);
  run.do({ kind: "admin", act: { kind: "end-run" } });
  expect(endsBy(run.state, 1)).toBe(false); // it is at its end anyway
});

/** A run of eight sources, a volunteer each; those of `absent` are not here. */
function sharing(share: number | "all", { seed = 1, absent = [] as number[], rounds = 40 } = {}) {
  const run = scene({ round: { minimum: 1, sources: share }, rounds, seed });
  const more = Array.from({ length: 6 }, (_, i) => `s${i}` as SourceId);
  for (const id of more) run.do(adding(id));
  for (const [i, source] of [es, ja, ...more].entries())
    if (!absent.includes(i)) {
      const volunteer = String(i).repeat(32) as VolunteerId;
      run.ready.set(volunteer, { source, rows: null });
    }
  run.tickAll();
  return run;
}

function taking(run: ReturnType<typeof scene>): readonly SourceId[] {
  const { phase } = run.state;
  if (phase.kind !== "training") throw new Error(`expected an open round, got ${phase.kind}`);
  return [...new Set([...phase.assigned.values()].map(({ source }) => source))];
}

/** The sources of each round, every assigned volunteer delivering. */
function rounds(run: ReturnType<typeof scene>, count: number): string[] {
  return Array.from({ length: count }, () => {
    const sources = taking(run);
    if (run.state.phase.kind === "training")
      for (const volunteer of run.state.phase.assigned.keys()) run.deliver(volunteer);
    run.publish();
    return sources.join(" ");
  });
}

test("[C22] a share of the sources takes part in a round, by the run's seed and the round's number", () => {
  const drawn = rounds(sharing(0.25), 30);
  expect(drawn.every((sources) => sources.split(" ").length === 2)).toBe(true);
  expect(rounds(sharing(0.25), 30)).toEqual(drawn);
  expect(rounds(sharing(0.25, { seed: 2 }), 30)).not.toEqual(drawn);
  const times = new Map<string, number>();
  for (const source of drawn.flatMap((sources) => sources.split(" ")))
    times.set(source, (times.get(source) ?? 0) + 1);
  expect(times.size).toBe(8);
  // 60 draws of 8 sources: 7.5 each.
  for (const count of times.values()) expect(Math.abs(count - 7.5)).toBeLessThan(7);
  expect(taking(sharing("all"))).toHaveLength(8);
  expect(taking(sharing(1))).toHaveLength(8);
});

test("[C22] of the sources whose volunteers are ready as many as the share of all comes to, at least one", () => {
  expect(taking(sharing(0.01))).toHaveLength(1);
  expect(taking(sharing(0.5, { absent: [0, 1, 2] }))).toHaveLength(4);
  expect(taking(sharing(0.5, { absent: [0, 1, 2, 3, 4] }))).toEqual(["s3", "s4", "s5"]);
  const run = sharing(0.25, { absent: [0] });
  for (const sources of rounds(run, 30)) expect(sources.split(" ")).not.toContain(es);
});

test("[C4] [C22] all volunteers of a source that takes part are assigned, and no other", () => {
  const run = scene({ round: { minimum: 3, sources: 0.5 } });
  run.ready.set(ana, { source: es, rows: null });
  run.ready.set(bo, { source: es, rows: null });
  run.join(cy, ja);
  const { phase } = run.state;
  if (phase.kind !== "training") throw new Error(phase.kind);
  const who = [...phase.assigned.values()].map(({ volunteer, slot, slots }) => [volunteer, slot, slots]);
  expect(
    taking(run)[0] === es
      ? [
          [ana, 0, 2],
          [bo, 1, 2],
        ]
      : [[cy, 0, 1]],
  ).toEqual(who);
});

test("[C8] [C22] a source that never delivers does not hold up the run: after a lapse others take part", () => {
  const run = sharing(0.25);
  const seen = new Set<string>();
  for (let lapse = 0; lapse < 5; lapse++) {
    for (const source of taking(run)) seen.add(source);
    run.now = nextTimer(run.state, at(run.now))!;
    run.tickAll();
    expect(run.state.phase).toMatchObject({ kind: "training", round: 1 });
  }
  expect(seen.size).toBe(8);
  expect(replay(run.entries)).toEqual(run.state);
  // The next round has an order of its own, from its beginning.
  rounds(run, 1);
  expect(taking(run)).toEqual(rounds(sharing(0.25), 2)[1]!.split(" "));
});

test("[C44] a delta that is lost while the round is open is waited for again, and may come anew", () => {
  const run = scene({ round: { quorum: 1 } });
  run.join(ana);
  run.join(bo);
  run.deliver(ana);
  const drop = { kind: "drop", round: 1, volunteer: ana, reason: "damaged" } as const;
  expect(run.do({ ...drop, round: 2 })).toEqual({ ok: true, facts: [] });
  expect(run.do({ ...drop, volunteer: bo })).toEqual({ ok: true, facts: [] });
  run.do(drop);
  run.now += 10_000; // the grace, which does not run any more
  run.tickAll();
  expect(announcementFor(run.state, ana, run.ready, at(run.now))).toMatchObject({
    accepted: false,
    lost: true,
  });
  expect(announcementFor(run.state, bo, run.ready, at(run.now))).not.toHaveProperty("lost");
  expect(run.do(drop)).toEqual({ ok: true, facts: [] });
  run.deliver(bo);
  expect(run.state.phase.kind).toBe("training");
  run.deliver(ana);
  expect(announcementFor(run.state, ana, run.ready, at(run.now))).not.toHaveProperty("lost");
  expect(aggregationOf(run.state)?.deltas.map(({ volunteer }) => volunteer)).toEqual([ana, bo]);
});

test("[C44] of a closing round the others are averaged; with none left it lapses, and its steps come to nothing", () => {
  const run = scene();
  for (const who of [ana, bo]) run.join(who);
  for (const who of [ana, bo]) run.deliver(who);
  run.do({ kind: "drop", round: 1, volunteer: ana, reason: "missing" });
  expect(aggregationOf(run.state)?.deltas.map(({ volunteer }) => volunteer)).toEqual([bo]);
  expect(announcementFor(run.state, ana, run.ready, at(run.now))).toMatchObject({
    kind: "closing",
    lost: true,
  });
  run.do({ kind: "drop", round: 1, volunteer: bo, reason: "missing" });
  run.tickAll();
  expect(run.kinds().slice(-3)).toEqual(["dropped", "lapsed", "opened"]);
  expect(run.state).toMatchObject({ stepsDone: 0, phase: { kind: "training", round: 1, stepsBefore: 0 } });
  expect(announcementFor(run.state, bo, run.ready, at(run.now))).toMatchObject({
    accepted: false,
    lost: true,
  });
  for (const who of [ana, bo]) run.deliver(who);
  run.publish();
  expect(run.state).toMatchObject({ body: { number: 1 }, stepsDone: 10, dropped: new Set() });
});

test("[C46] a closing round that cannot be averaged lapses when the admin has ended the run, and not before", () => {
  const run = scene();
  for (const who of [ana, bo]) run.join(who);
  for (const who of [ana, bo]) run.deliver(who);
  expect(run.do({ kind: "abandon", round: 1 })).toEqual({ ok: true, facts: [] });
  run.do({ kind: "admin", act: { kind: "end-run" } });
  run.tickAll();
  expect(run.state.phase.kind).toBe("closing");
  run.do({ kind: "abandon", round: 1 });
  run.tickAll();
  expect(run.state.phase.kind).toBe("evaluating");
});

test("[C67] deltas that are decided together leave the facts and refusals of those that come one by one", () => {
  const [one, other] = [scene({ round: { minimum: 4 } }), scene({ round: { minimum: 4 } })];
  for (const run of [one, other]) {
    for (const who of [ana, cy, di]) run.join(who);
    run.join(bo, ja);
  }
  const delta = (volunteer: VolunteerId, numbers: string, source = es) => ({
    ...({ kind: "accept", round: 1, volunteer, source, delta: hashOf(`${volunteer} ${numbers}`) } as const),
    ...{ sections: [], steps: 10, tokens: 100, loss: 5, norm: 1, numbers: hashOf(numbers) },
  });
  const commands = [
    delta(ana, "a"),
    delta(cy, "a"), // a copy
    delta(ana, "b"), // a second one
    delta(cy, "b"),
    delta(di, "d", ja), // of a source that is not its own
    delta(bo, "e", ja),
  ];
  const together = acceptTogether(one.state, commands);
  const oneByOne = commands.map((command) => other.do(command));
  expect(together).toEqual(oneByOne);
  expect(together.map((decision) => (decision.ok ? "ok" : decision.refusal))).toEqual([
    ...["ok", "copied-delta", "already-accepted", "ok", "not-assigned", "ok"],
  ]);
});
