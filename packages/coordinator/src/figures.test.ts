import { expect, test } from "vitest";
import { ana, bo, bodyOf, cy, di, es, ja, scene } from "../test/scene.ts";
import {
  deltasIn,
  type Figures,
  figuresOf,
  firstLast,
  foldFigures,
  keepsBody,
  passedBytes,
  readFigures,
  savingBothWays,
  savingFactor,
  summary,
  writeFigures,
} from "./index.ts";

function twoRounds() {
  const run = scene({ rounds: 2 });
  const score = (volunteer: typeof ana, source: typeof es, body: number, nats: number, bytes: number) =>
    run.do({
      kind: "evaluate",
      volunteer,
      source,
      body,
      id: bodyOf(`body ${body}`),
      nats,
      tokens: 10,
      bytes,
    });
  run.ready.set(cy, { source: ja, rows: null });
  run.ready.set(bo, { source: es, rows: null });
  run.join(ana);
  score(ana, es, 0, 30 * Math.LN2, 10);
  score(bo, es, 0, 30 * Math.LN2, 30);
  score(cy, ja, 0, 40 * Math.LN2, 10);
  for (const who of [ana, bo, cy]) run.deliver(who);
  run.publish();
  score(ana, es, 1, 20 * Math.LN2, 10);
  for (const who of [cy, bo, ana]) run.deliver(who);
  run.publish();
  return run;
}

test("[C39] a source's score is the median of its volunteers', weighted by bytes", () => {
  const figures = figuresOf(twoRounds().entries)!;
  expect(figures.scores.es).toMatchObject([
    { body: 0, bytes: 40, volunteers: 2 },
    { body: 1, bytes: 10, volunteers: 1 },
  ]);
  expect(figures.scores.es![0]!.bitsPerByte).toBeCloseTo(1, 12); // of 3 on 10 bytes and 1 on 30
  const { first, last, lastBody } = firstLast(figures, "es")!;
  expect([first, last, lastBody]).toEqual([expect.closeTo(1, 12), expect.closeTo(2, 12), 1]);
  expect(summary(figures)).toEqual({
    rounds: 2,
    sources: { es: { first, last }, ja: { first: expect.closeTo(4, 12), last: expect.closeTo(4, 12) } },
  });
});

test("traffic counts what was sent beside what the whole model each step would have cost, both up", () => {
  const { traffic, tokens, steps, deltas, roundList, bodies } = figuresOf(twoRounds().entries)!;
  expect(traffic).toEqual({
    deltaBytes: 6 * 100,
    sectionBytes: { theta: 6 * 100, phi: 0, psi: 0 },
    bodyBytes: 2 * 2000,
    sentBytes: 0,
    receivedBytes: 0,
    // two rounds of 10 steps: two volunteers of es (1000 + 200 parameters), one of ja (1000 + 300)
    wouldHaveSentBytes: 2 * 10 * 4 * (2 * 1200 + 1300),
    globBytes: 2 * 4 * (2 * 1200 + 1300),
    specBytes: 6 * 4 * 1000,
  });
  expect(savingFactor(traffic)).toBeCloseTo(296_000 / 600, 9);
  expect([tokens, steps]).toEqual([6 * 320, 60]);
  expect(deltas.map(({ round, cosine, others }) => [round, cosine, others])).toEqual(
    [1, 1, 1, 2, 2, 2].map((r) => [r, 0.5, 0.4]),
  );
  expect(roundList).toMatchObject([
    { round: 1, reason: "all", averaged: [ana, bo, cy], meanNorm: 1 },
    { round: 2, reason: "all", averaged: [ana, bo, cy] },
  ]);
  expect(bodies.map(({ number }) => number)).toEqual([0, 1, 2]);
});

test("[C80] what volunteers say passed at their sockets counts, behind a cache too, and no less than was seen here", () => {
  const run = scene();
  run.join(ana);
  run.join(cy, ja);
  const of = () => figuresOf(run.entries)!.traffic;
  expect(savingBothWays(of())).toBeNull();
  run.deliver(ana, { passed: { sentBytes: 150, receivedBytes: 9000 } });
  run.deliver(cy); // one that does not say
  expect(of()).toMatchObject({ sentBytes: 150, receivedBytes: 9000, deltaBytes: 200, bodyBytes: 0 });
  expect(passedBytes(of())).toEqual({ up: 200, down: 9000 });
  expect(savingBothWays(of())).toBeCloseTo((2 * 10 * 4 * (1200 + 1300)) / 9200, 9);
});

test("entry by entry, figures are those of the whole journal, and earlier ones stay as they were", () => {
  const { entries } = twoRounds();
  const fold = foldFigures(entries.slice(0, 1));
  const steps: Figures[] = [fold.now()];
  for (const entry of entries.slice(1)) {
    fold.follow([entry]);
    steps.push(fold.now());
  }
  steps.forEach((figures, i) => {
    expect(figures).toEqual(figuresOf(entries.slice(0, i + 1)));
  });
  expect(steps[5]!.bodies).toBe(steps[6]!.bodies); // shared where nothing changed
  expect(fold.now()).toBe(steps.at(-1));
});

test("of a long run figures show the latest rounds, whole, and count all of it", () => {
  const run = scene({ rounds: 720 });
  run.join(cy, ja);
  run.join(ana);
  for (const who of [ana, cy]) run.deliver(who);
  run.ready.delete(cy); // it delivered in the first round alone
  run.ready.set(bo, { source: es, rows: null });
  run.ready.set(di, { source: es, rows: null });
  run.publish();
  for (let round = 2; round <= 720; round++) {
    for (const who of [ana, bo, di]) run.deliver(who);
    run.publish();
  }
  const fold = foldFigures(run.entries.slice(0, 1));
  for (const entry of run.entries.slice(1)) fold.follow([entry]);
  const figures = fold.now();
  expect(figures).toEqual(figuresOf(run.entries));
  const count = (round: number) => figures.deltas.filter((delta) => delta.round === round).length;
  const rounds = figures.roundList.map(({ round }) => round);
  expect(rounds.at(-1)).toBe(720);
  expect(rounds).toEqual(Array.from(rounds, (_, i) => rounds[0]! + i));
  expect(new Set(rounds.map(count))).toEqual(new Set([3]));
  expect(figures.deltas.length).toBe(3 * rounds.length);
  // The last round opened with at least 500 deltas there, and not a round more than that takes.
  expect(3 * (rounds.length - 1)).toBeGreaterThanOrEqual(500);
  expect(3 * (rounds.length - 2)).toBeLessThan(500);
  expect([figures.tokens, figures.published]).toEqual([320 * (2 + 3 * 719), 720]);
  expect(figures.learntFrom).toEqual([es, ja]);
  const bodies = figures.bodies.map(({ number }) => number);
  expect(bodies.every((number) => keepsBody(number, 720, figures.manifest))).toBe(true);
  expect(bodies.slice(0, 33)).toEqual(Array.from({ length: 33 }, (_, i) => 10 * i)); // all kept ones
  expect(bodies.slice(33)).toEqual([
    ...[340, 360, 380, 400, 420, 440, 460, 480, 500, 520, 540, 560, 580, 600, 620], // every second
    ...[640, 680, 716, 717, 718, 719, 720], // every fourth, and the last five
  ]);
});

test("scores of long ago are ever fewer, at the same bodies for all sources, and the first of each stays", () => {
  const run = scene({ rounds: 4000, round: { minimum: 1 }, change: { hold: "off" } });
  const evaluate = (volunteer: typeof ana, source: typeof es) => {
    const { number, id } = run.state.body;
    const score = { nats: number + 1, tokens: 10, bytes: 10 };
    run.do({ kind: "evaluate", volunteer, source, body: number, id, ...score });
  };
  run.join(ana);
  for (let round = 1; round <= 2200; round++) {
    if (round === 101) run.ready.set(cy, { source: ja, rows: null }); // from body 101 on
    evaluate(ana, es);
    if (round > 101) {
      evaluate(cy, ja);
      run.deliver(cy);
    }
    run.deliver(ana);
    run.publish();
  }
  const { scores } = figuresOf(run.entries)!;
  const [own, late] = [scores.es!, scores.ja!].map((list) => list.map(({ body }) => body));
  expect(own!.slice(30, 36)).toEqual([30, 31, 32, 34, 36, 38]);
  expect(late!.slice(0, 3)).toEqual([101, 104, 108]);
  expect(late!.slice(1)).toEqual(own!.filter((body) => body > 101));
  // Thinned at body 2176: all up to 32, 16 of each octave up to 2048 and one after it, then the last ones.
  expect(own!.length).toBe(32 + 6 * 16 + 1 + (2199 - 2144));
  expect(own!.slice(-56, -54)).toEqual([2048, 2145]);
  expect(firstLast(figuresOf(run.entries)!, "ja")!.first).toBeCloseTo(102 / Math.LN2 / 10, 9);
});

test("a gap in the journal is an error that names both entries", () => {
  const { entries } = twoRounds();
  const fold = foldFigures(entries.slice(0, 3));
  expect(() => fold.follow([entries[4]!])).toThrow("figures: expected entry 4, got entry 5");
  expect(() => fold.follow([entries[3]!, entries[5]!])).toThrow("figures: expected entry 5, got entry 6");
  expect(fold.now()).toEqual(figuresOf(entries.slice(0, 4)));
});

test("no entries, no figures", () => {
  expect(figuresOf([])).toBeUndefined();
  expect(() => foldFigures([])).toThrow("figures: expected a created fact first, got none");
});

test("[C54] who is removed in an open round is not expected in it, nor is its delta one of those that are in", () => {
  const run = scene({ rounds: 2 });
  run.ready.set(cy, { source: ja, rows: null });
  run.ready.set(bo, { source: es, rows: null });
  run.join(ana);
  run.deliver(ana);
  run.deliver(bo);
  run.do({ kind: "admin", act: { kind: "remove", volunteer: ana } });
  const seen = () => {
    const figures = figuresOf(run.entries)!;
    return [figures.roundList.at(-1)!.assigned, deltasIn(figures).map(({ volunteer }) => volunteer)];
  };
  expect(seen()).toEqual([[bo, cy], [bo]]);
  run.do({ kind: "admin", act: { kind: "restore", volunteer: ana } });
  expect(seen()).toEqual([[bo, cy], [bo]]);
});

test("[C53] figures of a finished run say when it ended and by whom, those of a reopened one do not", () => {
  const played = twoRounds();
  played.now += 60_000;
  played.do({ kind: "tick", ready: new Map() }); // the last evaluation's deadline
  const at = played.now;
  expect(figuresOf(played.entries)).toMatchObject({ finished: true, end: { at, reason: "rounds" } });
  const manifest = { ...played.state.manifest, rounds: 3 };
  played.do({ kind: "change", manifest });
  expect(figuresOf(played.entries)).toMatchObject({ finished: false, end: null });
  played.do({ kind: "admin", act: { kind: "end-run" } });
  played.tickAll();
  played.now += 60_000;
  played.do({ kind: "tick", ready: new Map() });
  expect(figuresOf(played.entries)).toMatchObject({ end: { at: played.now, reason: "admin" } });
  const { end: _, ...older } = writeFigures(figuresOf(played.entries)!) as Record<string, unknown>;
  expect(readFigures(JSON.parse(JSON.stringify(older)))).toMatchObject({ finished: true, end: null });
});
