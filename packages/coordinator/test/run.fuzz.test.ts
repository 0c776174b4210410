import type { Millis, SourceId, VolunteerId } from "@homebody/base";
import fc from "fast-check";
import { expect, test } from "vitest";
import {
  aggregationOf,
  announcementFor,
  type Entry,
  entryHash,
  evolve,
  type Figures,
  figuresOf,
  foldFigures,
  foldRun,
  nextTimer,
  type RunState,
  readSnapshot,
  replay,
  snapshotOf,
} from "../src/index.ts";
import { adding, ana, at, bo, cy, di, es, fr, hashOf, ja, type Scene, scene } from "./scene.ts";

const who = fc.constantFrom(ana, bo, cy, di);
const act = fc.constantFrom("pause", "resume", "end-round") as fc.Arbitrary<"pause" | "resume" | "end-round">;
type Event =
  | {
      kind: "come" | "go" | "leave" | "deliver" | "stale" | "evaluate" | "remove" | "restore" | "drop";
      who: VolunteerId;
    }
  | { kind: "admin"; act: "pause" | "resume" | "end-round" }
  | { kind: "restart"; downMs: number }
  | { kind: "add"; source: SourceId; words: "device" | "source" }
  | { kind: "rounds"; rounds: number }
  | { kind: "invite"; code: number; uses: number }
  | { kind: "enter"; who: VolunteerId; code: number | null }
  | { kind: "approve"; who: VolunteerId }
  | { kind: "publish" | "wait" };
const codes = [0, 1, 2].map((code) => hashOf(`code ${code}`));
const joiners = [fr, "nl", "sw", "la"] as SourceId[];
const of = <K extends Event["kind"]>(kind: K) => who.map((who) => ({ kind, who }) as Event);
const event: fc.Arbitrary<Event> = fc.oneof(
  { arbitrary: of("come"), weight: 5 },
  { arbitrary: of("deliver"), weight: 8 },
  { arbitrary: of("evaluate"), weight: 2 },
  { arbitrary: fc.constant<Event>({ kind: "publish" }), weight: 6 },
  of("go"),
  of("drop"),
  of("leave"),
  of("stale"),
  { arbitrary: fc.constant<Event>({ kind: "wait" }), weight: 2 },
  { arbitrary: fc.nat(500_000).map((downMs): Event => ({ kind: "restart", downMs })), weight: 1 },
  {
    arbitrary: fc.integer({ min: 1, max: 6 }).map((rounds): Event => ({ kind: "rounds", rounds })),
    weight: 1,
  },
  { arbitrary: act.map((act): Event => ({ kind: "admin", act })), weight: 1 },
  {
    arbitrary: fc
      .tuple(fc.constantFrom(...joiners), fc.constantFrom<("device" | "source")[]>("device", "source"))
      .map(([source, words]): Event => ({ kind: "add", source, words })),
    weight: 1,
  },
);
/** Codes that are few and used up fast, so that they are tried again and again. */
const coming: fc.Arbitrary<Event> = fc.oneof(
  { arbitrary: event, weight: 3 },
  {
    arbitrary: fc
      .tuple(fc.nat(2), fc.integer({ min: 1, max: 3 }))
      .map(([code, uses]): Event => ({ kind: "invite", code, uses })),
    weight: 1,
  },
  {
    arbitrary: fc
      .tuple(who, fc.option(fc.nat(2)))
      .map(([who, code]): Event => ({ kind: "enter", who, code })),
    weight: 3,
  },
  { arbitrary: of("remove"), weight: 1 },
  { arbitrary: of("approve"), weight: 1 },
);
const script = fc.array(fc.tuple(event, fc.nat(20_000)), { minLength: 60, maxLength: 140 });
const policy = fc.record({
  minimum: fc.integer({ min: 1, max: 3 }),
  quorum: fc.constantFrom<("all" | number)[]>("all", 1, 2, 3),
  sources: fc.constantFrom<("all" | number)[]>("all", 0.3, 0.6),
  quorumSources: fc.constantFrom<("all" | number)[]>("all", 1, 2),
  minimumSeconds: fc.constantFrom(0, 0, 30),
  excuseAfter: fc.constantFrom<("never" | number)[]>("never", 1, 2),
});

/** Cy and di come for the last source that the run has. */
function sourceOf(who: VolunteerId, run: Scene): SourceId {
  if (who < cy) return es;
  return who === cy ? ja : run.state.manifest.sources.at(-1)!.id;
}

function play(run: Scene, event: Event): void {
  switch (event.kind) {
    case "invite": {
      const offered = [{ sha256: codes[event.code]!, uses: event.uses }];
      run.do({ kind: "admin", act: { kind: "invite", source: es, codes: offered } });
      return;
    }
    case "approve":
      run.do({ kind: "admin", act: { kind: "approve", volunteer: event.who, source: es } });
      return;
    case "enter":
      run.do({
        kind: "admit",
        volunteer: event.who,
        source: es,
        code: event.code === null ? null : codes[event.code]!,
      });
      return;
    case "come":
      run.join(event.who, sourceOf(event.who, run));
      return;
    case "go":
      run.ready.delete(event.who);
      run.tickAll();
      return;
    case "leave":
      run.ready.delete(event.who);
      run.do({ kind: "leave", volunteer: event.who });
      run.tickAll();
      return;
    case "deliver":
      run.deliver(event.who);
      return;
    case "stale":
      run.deliver(event.who, { round: 0 });
      return;
    case "remove":
    case "restore":
      run.do({ kind: "admin", act: { kind: event.kind, volunteer: event.who } });
      run.tickAll();
      return;
    case "drop": {
      const { phase } = run.state;
      const round = "round" in phase ? phase.round : 0;
      run.do({ kind: "drop", round, volunteer: event.who, reason: "damaged" });
      run.tickAll();
      return;
    }
    case "evaluate": {
      const { number, id } = run.state.body;
      const source = sourceOf(event.who, run);
      const claim = { nats: 10, tokens: 5, bytes: 20 };
      run.do({ kind: "evaluate", volunteer: event.who, source, body: number, id, ...claim });
      run.tickAll();
      return;
    }
    case "publish":
      if (aggregationOf(run.state)) run.publish();
      return;
    case "restart": {
      const aliveAt = at(run.now);
      run.now += event.downMs;
      run.state = fromSnapshot(run.entries);
      run.do({ kind: "restart", aliveAt });
      run.ready.clear();
      run.tickAll();
      return;
    }
    case "rounds":
      run.do({ kind: "change", manifest: { ...run.state.manifest, rounds: event.rounds } });
      run.tickAll();
      return;
    case "admin":
      run.do({ kind: "admin", act: { kind: event.act } });
      run.tickAll();
      return;
    case "add":
      run.do(adding(event.source, event.words));
      run.tickAll();
      return;
    case "wait":
      run.now += 50_000;
      run.tickAll();
      return;
    default:
      event satisfies never;
  }
}

/** The state as a coordinator finds it that reads the snapshot of the one before; it has to be what a replay gives. */
function fromSnapshot(entries: readonly Entry[]): RunState {
  const text = JSON.stringify({ ...snapshotOf(foldRun(entries)), hash: entryHash(entries.at(-1)!) });
  return readSnapshot(JSON.parse(text))!.fold.state;
}

test("[C1] [C6] [C10] [C12] [C33] [C34] whatever happens: each accepted delta is averaged once, and time only counts when it runs", () => {
  const seen = { published: 0, lapsed: 0, dropped: 0, restarted: 0, resumed: 0, "source-added": 0 };
  fc.assert(
    fc.property(script, policy, (script, round) => {
      const run = scene({ rounds: 100, round });
      const fold = foldFigures(run.entries);
      for (const [event, elapsed] of script) {
        run.now += elapsed;
        play(run, event);
        for (const entry of run.entries.slice(fold.seq)) fold.follow([entry]);
        expect(replay(run.entries)).toEqual(run.state);
        checkSources(run, fold.now());
        for (const volunteer of [ana, di]) announcementFor(run.state, volunteer, run.ready, at(run.now));
      }
      expect(fold.now()).toEqual(figuresOf(run.entries));
      checkJournal(run, seen);
    }),
    { numRuns: 220 },
  );
  for (const count of Object.values(seen)) expect(count).toBeGreaterThan(5); // the property is not vacuous
});

/** [C21] Nobody waits while the run gathers; the body has the words of just the sources that take part; figures agree. */
function checkSources({ state }: Scene, figures: Figures): void {
  const { manifest, body, joining, phase } = state;
  if (phase.kind === "gathering") expect(joining).toEqual([]);
  const own = manifest.sources.filter(({ words }) => words === "source").map(({ id }) => `phi/${id}`);
  expect(body.sections.map(({ name }) => name)).toEqual(["theta", ...own]);
  expect(figures.manifest).toEqual(manifest);
  expect(figures.sources.map(({ id }) => id)).toEqual(manifest.sources.map(({ id }) => id));
  expect(figures.joining).toEqual(joining);
  expect(figures.bodies.at(-1)).toMatchObject(body);
}

function checkJournal(run: Scene, seen: Record<string, number>): void {
  let assigned = new Set<VolunteerId>();
  let accepted: VolunteerId[] = [];
  let averaged: readonly VolunteerId[] = [];
  /** Whose deltas are in the body, whatever was closed and dropped since. */
  let contributors: readonly VolunteerId[] = [];
  let open: { round: number; ranMs: number; from: number } | undefined;
  let body = 0;
  let paused = false;
  let scorers = new Set<VolunteerId>();
  let openedAt = 0;
  let deadlineMs = 0;
  let state: RunState | undefined;
  for (const entry of run.entries) {
    const { fact, at: time } = entry;
    const [phase, was] = [state?.phase.kind, state?.body];
    state = evolve(state, entry);
    // [C21] The body of a round stays what it is until the round has ended.
    const underWay = phase === "training" || phase === "closing";
    if (underWay && fact.kind !== "lapsed" && fact.kind !== "published") expect(state.body).toEqual(was);
    if (fact.kind in seen) seen[fact.kind] = (seen[fact.kind] ?? 0) + 1;
    if (fact.kind === "opened") {
      expect(fact.round).toBe(body + 1);
      expect(paused).toBe(false); // [C16]
      assigned = new Set(fact.assigned.map(({ volunteer }) => volunteer));
      scorers = new Set([...assigned, ...contributors]);
      openedAt = time;
      accepted = [];
      open = { round: fact.round, ranMs: 0, from: time };
      deadlineMs = fact.deadline - time;
    }
    if (fact.kind === "accepted") {
      expect(fact.round).toBe(open?.round);
      expect(assigned).toContain(fact.volunteer);
      expect(accepted).not.toContain(fact.volunteer);
      accepted.push(fact.volunteer);
    }
    if (fact.kind === "evaluated") expect(scorers).toContain(fact.volunteer); // [C33]
    if (fact.kind === "evaluating") scorers = new Set([...scorers, ...fact.expected]);
    if (fact.kind === "closed") {
      // [C34] a run has one policy from its beginning to its end
      const { minimumSeconds } = run.state.manifest.round;
      if (fact.reason === "all" || fact.reason === "quorum")
        expect(time).toBeGreaterThanOrEqual(openedAt + 1000 * minimumSeconds);
      averaged = fact.averaged;
      expect([...averaged].sort()).toEqual([...accepted].sort()); // [C10]
      expect(averaged.length).toBeGreaterThan(0);
      open = undefined;
    }
    if (fact.kind === "published") {
      body += 1;
      expect(fact.round).toBe(body);
      contributors = averaged;
      scorers = new Set([...scorers, ...averaged]);
      expect(fact.cosines.map(({ volunteer }) => volunteer)).toEqual(averaged);
    }
    if (fact.kind === "dropped") {
      expect(accepted).toContain(fact.volunteer); // [C44]
      accepted = accepted.filter((who) => who !== fact.volunteer);
      averaged = averaged.filter((who) => who !== fact.volunteer);
    }
    if (fact.kind === "lapsed") {
      expect(accepted).toEqual([]);
      open = undefined;
    }
    // [C18] A run that is ended with nothing in its round goes over to its last evaluation.
    if (fact.kind === "evaluating" || fact.kind === "finished") open = undefined;
    // [C12] the deadline as the facts have it is what is left of its time, whatever happened in between
    if ((fact.kind === "restarted" || fact.kind === "resumed") && open && fact.deadline !== null)
      expect(fact.deadline).toBeGreaterThanOrEqual(open.from + deadlineMs);
    if (fact.kind === "paused") paused = true;
    if (fact.kind === "resumed") paused = false;
  }
}

test("[C7] [C8] [C14] with somebody ready and time passing, every run finishes", () => {
  let finished = 0;
  fc.assert(
    fc.property(script, policy, fc.nat(3), (script, round, lazy) => {
      const run = scene({ rounds: 3, round });
      for (const [event, elapsed] of script.slice(0, 50)) {
        run.now += elapsed;
        play(run, event);
      }
      run.do({ kind: "admin", act: { kind: "resume" } });
      // From here on four volunteers are there; `lazy` of them never deliver or evaluate anything.
      const all = [ana, bo, cy, di];
      for (let turn = 0; turn < 60 && run.state.phase.kind !== "finished"; turn++) {
        for (const one of all) run.join(one, sourceOf(one, run));
        for (const one of all.slice(lazy)) {
          play(run, { kind: "evaluate", who: one });
          play(run, { kind: "deliver", who: one });
        }
        play(run, { kind: "publish" });
        const due = nextTimer(run.state, at(run.now));
        if (due !== null) run.now = Math.max(run.now, due) as Millis;
        run.tickAll();
      }
      expect(run.state.phase.kind).toBe("finished");
      expect(run.state.body.number).toBeGreaterThanOrEqual(run.state.manifest.rounds);
      finished += 1;
    }),
    { numRuns: 150 },
  );
  expect(finished).toBe(150);
});

test("[C17] whoever is removed and taken back is in no average of that round, and counts again later", () => {
  let counted = 0;
  fc.assert(
    fc.property(script, fc.nat(40), fc.nat(20), who, (script, when, after, removed) => {
      const run = scene({ rounds: 100, round: { minimum: 1 } });
      let round: number | undefined;
      script.forEach(([event, elapsed], i) => {
        run.now += elapsed;
        if (i === when) {
          if (run.state.phase.kind === "training") ({ round } = run.state.phase);
          play(run, { kind: "remove", who: removed });
        }
        if (i === when + after) play(run, { kind: "restore", who: removed });
        if (event.kind !== "rounds") play(run, event); // which could end the run before there is much to see
      });
      const lapsed = run.entries.some(({ fact }) => fact.kind === "lapsed" && fact.round === round);
      for (const { fact } of run.entries) {
        if (fact.kind !== "closed") continue;
        if (fact.round === round && !lapsed) expect(fact.averaged).not.toContain(removed);
        if (round !== undefined && fact.round > round && fact.averaged.includes(removed)) counted += 1;
      }
    }),
    { numRuns: 100 },
  );
  expect(counted).toBeGreaterThan(0);
});

test("[C17] whoever is removed is in no average from then on", () => {
  let checked = 0;
  fc.assert(
    fc.property(script, fc.nat(59), who, (script, when, removed) => {
      const run = scene({ rounds: 100, round: { minimum: 1 } });
      script.forEach(([event, elapsed], i) => {
        run.now += elapsed;
        if (i === when) play(run, { kind: "remove", who: removed });
        if (event.kind !== "rounds") play(run, event); // which could end the run before there is much to see
      });
      const from = run.entries.findIndex(({ fact }) => fact.kind === "removed");
      for (const { fact } of run.entries.slice(from))
        if (fact.kind === "closed") {
          expect(fact.averaged).not.toContain(removed);
          checked += 1;
        }
    }),
    { numRuns: 100 },
  );
  expect(checked).toBeGreaterThan(20);
});

test("[C50] [C51] [C52] nobody is let in but by a use of a code that the host made, or by its word", () => {
  const seen = { invited: 0, admitted: 0, removed: 0, "code-spent": 0, "needs-code": 0, restarted: 0 };
  fc.assert(
    fc.property(fc.array(fc.tuple(coming, fc.nat(20_000)), { minLength: 60, maxLength: 140 }), (script) => {
      const run = scene({ rounds: 100, admission: "code" });
      for (const [event, elapsed] of script) {
        run.now += elapsed;
        const before = run.entries.length;
        const isIn = "who" in event && run.state.admitted.has(event.who);
        const isOut = "who" in event && run.state.removed.has(event.who);
        play(run, event);
        for (const kind of run.kinds(before)) if (kind in seen) seen[kind as keyof typeof seen] += 1;
        expect(replay(run.entries)).toEqual(run.state);
        if (event.kind === "enter" && (isIn || isOut)) expect(run.entries).toHaveLength(before);
        if (event.kind === "enter" && !isIn && !isOut && run.entries.length === before)
          seen[event.code === null ? "needs-code" : "code-spent"] += 1;
      }
      checkCodes(run.entries);
      expect(foldFigures(run.entries).now()).toEqual(figuresOf(run.entries));
    }),
    { numRuns: 100 },
  );
  for (const count of Object.values(seen)) expect(count).toBeGreaterThan(20); // the property is not vacuous
});

/** A count of its own: what each code lets in yet, as the journal's facts have it. */
function checkCodes(entries: readonly Entry[]): void {
  const left = new Map<string, number>();
  const cameBy = new Map<VolunteerId, string | null>();
  for (const { fact } of entries) {
    if (fact.kind === "invited")
      for (const { sha256, uses } of fact.codes) {
        expect(left.get(sha256) ?? 0).toBe(0);
        left.set(sha256, uses);
      }
    if (fact.kind === "admitted") {
      expect(cameBy.has(fact.volunteer)).toBe(false);
      cameBy.set(fact.volunteer, fact.code);
      if (fact.code === null) continue;
      expect(left.get(fact.code)).toBeGreaterThan(0);
      left.set(fact.code, left.get(fact.code)! - 1);
    }
    const code = fact.kind === "removed" ? cameBy.get(fact.volunteer) : undefined;
    if (code) left.set(code, 0);
  }
  const open = new Map([...left].filter(([, uses]) => uses > 0));
  expect(new Map([...replay(entries)!.openCodes].map(([hash, { uses }]) => [hash, uses]))).toEqual(open);
}
