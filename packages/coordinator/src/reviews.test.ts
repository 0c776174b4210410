// Volunteers that measure each other's deltas [C89] to [C95].

import type { VolunteerId } from "@homebody/base";
import type { RunManifest } from "@homebody/protocol";
import { expect, test } from "vitest";
import {
  ana,
  at,
  bo,
  cy,
  di,
  es,
  hashOf,
  ja,
  reviewed,
  type Scene,
  type SceneOptions,
  scene,
} from "../test/scene.ts";
import {
  announcementFor,
  diskNeeded,
  type Fact,
  figuresOf,
  foldRun,
  followRun,
  isUnderReview,
} from "./index.ts";

const four = [ana, bo, cy, di];

function run(options: SceneOptions = {}, who: readonly VolunteerId[] = four): Scene {
  const one = scene({ rounds: 50, round: { minimum: who.length }, change: reviewed(), ...options });
  for (const volunteer of who) one.join(volunteer);
  return one;
}

/** A round, in which all who are ready deliver. */
function next(one: Scene): void {
  for (const volunteer of [...one.ready.keys()]) one.deliver(volunteer);
  one.publish();
}

/** What a verdict says by how much its delta makes the body worse. */
function verdict(one: Scene, reviewer: VolunteerId, worse: number, change: object = {}) {
  const { delta } = one.state.reviews.get(reviewer)!;
  const measured = { natsWithout: 100, natsWith: 100 * (1 + worse), bytes: 50 };
  return one.do({ kind: "review", reviewer, delta, ...measured, ...change });
}

/** All who are asked say what they find: of these volunteers that their deltas do harm. */
function reviewAll(one: Scene, harmful: readonly VolunteerId[], liars: readonly VolunteerId[] = []): void {
  for (const [reviewer, { volunteer }] of [...one.state.reviews]) {
    const isHarm = liars.includes(reviewer) || harmful.includes(volunteer);
    verdict(one, reviewer, isHarm ? 0.1 : -0.1);
  }
}

const factsOf = <K extends Fact["kind"]>(one: Scene, kind: K) =>
  one.entries.flatMap(({ fact }) => (fact.kind === kind ? [fact as Extract<Fact, { kind: K }>] : []));

test("[C89] after each round everybody of a served source is drawn to measure another one's delta of it, each one's once", () => {
  const one = run();
  const partners = new Set<string>();
  for (let round = 1; round <= 30; round++) {
    next(one);
    const { reviews } = one.state;
    expect([...reviews.keys()].sort()).toEqual(four);
    expect([...reviews.values()].map(({ volunteer }) => volunteer).sort()).toEqual(four);
    for (const [reviewer, asked] of reviews) {
      expect(asked).toMatchObject({ round, source: es, share: 0.25, sizeBytes: 100 });
      expect(asked.volunteer).not.toBe(reviewer);
      expect(asked.delta).toBe(hashOf(`${asked.volunteer} ${round}`));
      partners.add(`${reviewer} ${asked.volunteer}`);
    }
  }
  expect(partners.size).toBe(12); // everybody measures everybody, sooner or later
});

test("[C89] who measures whom follows from the body that was made of the deltas: nobody knows it when they are sent", () => {
  const drawn = (seed: number) => {
    const one = run({ seed, change: reviewed() });
    const all: string[] = [];
    for (let round = 1; round <= 8; round++) {
      next(one);
      all.push(
        [...one.state.reviews]
          .map(([who, { volunteer }]) => `${who[0]}${volunteer[0]}`)
          .sort()
          .join(),
      );
    }
    return all;
  };
  expect(drawn(1)).toEqual(drawn(1));
  expect(new Set(drawn(1)).size).toBeGreaterThan(1);
  expect(drawn(2)).not.toEqual(drawn(1));
});

test("[C89] nobody is asked where the run has no reviews, a source's text or words are not there for all, or one has nobody beside it", () => {
  const off = run({ change: { ...reviewed(), review: "off" } });
  next(off);
  expect(off.state.reviews.size).toBe(0);
  const brought = run({
    change: { ...reviewed(), sources: reviewed().sources!.map((of) => ({ ...of, served: null })) },
  });
  next(brought);
  expect(brought.state.reviews.size).toBe(0);
  const own = run({ change: { ...reviewed(), variant: "spec" } }); // each device has words of its own
  next(own);
  expect(own.state.reviews.size).toBe(0);
  const apart = scene({ rounds: 5, change: reviewed() });
  apart.join(ana, es);
  apart.join(bo, ja);
  next(apart);
  expect(apart.state.reviews.size).toBe(0);
  const last = run({ rounds: 1 });
  next(last);
  expect(last.state.reviews.size).toBe(0); // nothing would come of it
});

test("[C90] whoever is drawn is told which delta, of how many bytes, on which body, and how much of it is added", () => {
  const one = run();
  const before = one.state.body.id;
  next(one);
  for (const [reviewer, { delta }] of one.state.reviews) {
    const { review } = announcementFor(one.state, reviewer, one.ready, at(one.now));
    expect(review).toEqual({ delta, sizeBytes: 100, from: before, share: 0.25 });
    expect(isUnderReview(one.state, delta)).toBe(true); // [C95]
  }
  const { delta } = one.state.reviews.get(ana)!;
  expect(verdict(one, ana, -0.1).ok).toBe(true);
  expect(announcementFor(one.state, ana, one.ready, at(one.now)).review).toBeUndefined();
  expect(isUnderReview(one.state, delta)).toBe(false);
});

test("[C90] a verdict is taken of whoever was drawn, once, until the next body", () => {
  const one = run();
  next(one);
  const { delta } = one.state.reviews.get(ana)!;
  const other = one.state.reviews.get(bo)!.delta;
  expect(verdict(one, ana, 0.1, { delta: other })).toMatchObject({ refusal: "wrong-review" });
  expect(verdict(one, ana, 0.1, { reviewer: "f".repeat(32) as VolunteerId })).toMatchObject({ ok: false });
  expect(verdict(one, ana, 0.1).ok).toBe(true);
  const again = { kind: "review", reviewer: ana, delta, natsWithout: 100, natsWith: 90, bytes: 50 } as const;
  expect(one.do(again)).toMatchObject({ refusal: "wrong-review" });
  const late = one.state.reviews.get(bo)!.delta;
  next(one);
  expect(verdict(one, bo, 0.1, { delta: late })).toMatchObject({ refusal: "wrong-review" });
  expect(factsOf(one, "reviewed")).toHaveLength(1);
  one.do({ kind: "admin", act: { kind: "remove", volunteer: cy } });
  expect(verdict(one, cy, 0.1)).toMatchObject({ refusal: "removed" });
});

test("[C91] of a verdict is believed what can be: as of an evaluation", () => {
  const one = run({ change: { ...reviewed(), heldOut: { share: 0.1, sampleRows: "all", leastBytes: 20 } } });
  next(one);
  expect(verdict(one, ana, 0, { bytes: 5000 })).toMatchObject({ refusal: "implausible" });
  expect(verdict(one, ana, 0, { natsWith: 0.1 })).toMatchObject({ refusal: "implausible" });
  expect(verdict(one, ana, 0, { natsWithout: 0.1 })).toMatchObject({ refusal: "implausible" });
  expect(verdict(one, ana, 0, { bytes: 10 })).toEqual({ ok: true, facts: [] }); // of too little text it says nothing
  expect(verdict(one, ana, 0, { natsWith: 1e300 }).ok).toBe(true);
  const most = 2 * Math.log(300) * 50;
  expect(factsOf(one, "reviewed")).toMatchObject([
    { reviewer: ana, natsWithout: 100, natsWith: most, harmful: true },
  ]);
});

test("[C91] harm is what goes beyond the run's tolerance", () => {
  const one = run();
  next(one);
  verdict(one, ana, 0.0099);
  verdict(one, bo, 0.0101);
  expect(factsOf(one, "reviewed").map(({ harmful }) => harmful)).toEqual([false, true]);
  const { deltas } = figuresOf(one.entries)!;
  const { volunteer } = factsOf(one, "reviewed")[1]!;
  const { review } = deltas.find((delta) => delta.volunteer === volunteer)!;
  expect(review).toMatchObject({ reviewer: bo, harmful: true });
  expect(review!.change).toBeCloseTo(0.0101);
});

test("[C92] as many different peers in a row as the run asks quarantine a volunteer; the same one again does not", () => {
  for (const quarantineAfter of [2, 3]) {
    const one = run({ change: reviewed({ quarantineAfter }) });
    const by = new Set<VolunteerId>();
    while (by.size < quarantineAfter) {
      expect(factsOf(one, "quarantined")).toEqual([]);
      next(one);
      for (const [reviewer, { volunteer }] of one.state.reviews) if (volunteer === bo) by.add(reviewer);
      reviewAll(one, [bo]);
    }
    const round = one.state.body.number;
    expect(factsOf(one, "quarantined")).toEqual([
      { kind: "quarantined", volunteer: bo, source: es, round, reviewers: [...by] },
    ]);
    expect(figuresOf(one.entries)!.quarantined).toEqual([bo]);
    expect(announcementFor(one.state, bo, one.ready, at(one.now)).quarantined).toBe(true);
    expect(announcementFor(one.state, ana, one.ready, at(one.now)).quarantined).toBeUndefined();
  }
});

test("[C92] one who lies, whatever it says and how often, quarantines nobody", () => {
  const one = run();
  for (let round = 0; round < 40; round++) {
    next(one);
    reviewAll(one, [], [cy]);
  }
  expect(factsOf(one, "reviewed").filter(({ harmful }) => harmful).length).toBe(40);
  expect(factsOf(one, "quarantined")).toEqual([]);
  expect(one.state.harms.size).toBeLessThanOrEqual(1); // of the last round
});

test("[C92] of two volunteers none can quarantine the other", () => {
  const one = run({}, [ana, bo]);
  for (let round = 0; round < 10; round++) {
    next(one);
    reviewAll(one, [ana, bo]);
  }
  expect(factsOf(one, "reviewed")).toHaveLength(20);
  expect(factsOf(one, "quarantined")).toEqual([]);
});

/** Bo is in quarantine, and the next round is open. */
function quarantinedRun(): Scene {
  const one = run();
  while (factsOf(one, "quarantined").length === 0) {
    next(one);
    reviewAll(one, [bo]);
  }
  return one;
}

test("[C93] a delta of a quarantined volunteer is accepted and does not count; it is reviewed, and reviews nobody's", () => {
  const one = quarantinedRun();
  const { round } = one.state.phase as { round: number };
  const seniority = one.state.standings.get(bo)!.counted;
  for (const volunteer of four) expect(one.deliver(volunteer).ok).toBe(true);
  const closed = factsOf(one, "closed").at(-1)!;
  expect(closed).toMatchObject({ round, averaged: [ana, cy, di], quarantined: [bo] });
  one.publish();
  expect(one.state.standings.get(bo)!.counted).toBe(seniority);
  expect(one.state.contributors).toEqual(new Set([ana, cy, di]));
  expect([...one.state.reviews.keys()]).not.toContain(bo);
  const { deltas, roundList } = figuresOf(one.entries)!;
  expect(deltas.filter(({ quarantined }) => quarantined)).toMatchObject([{ round, volunteer: bo }]);
  expect(roundList.at(-2)).toMatchObject({ round, averaged: [ana, cy, di] });
});

/** Rounds until a delta of bo's is reviewed, which is found to do harm or not. */
function untilReviewed(one: Scene, isHarm: boolean): void {
  const before = factsOf(one, "reviewed").filter(({ volunteer }) => volunteer === bo).length;
  while (factsOf(one, "reviewed").filter(({ volunteer }) => volunteer === bo).length === before) {
    next(one);
    reviewAll(one, isHarm ? [bo] : []);
  }
}

test("[C94] a review that finds no harm lets it back; others leave it where it is", () => {
  const one = quarantinedRun();
  untilReviewed(one, true);
  expect(one.state.harms.get(bo)).toMatchObject({ quarantined: true });
  expect(factsOf(one, "quarantined")).toHaveLength(1);
  untilReviewed(one, false);
  expect(factsOf(one, "cleared")).toMatchObject([
    { volunteer: bo, source: es, round: one.state.body.number },
  ]);
  expect(one.state.harms.has(bo)).toBe(false);
  expect(figuresOf(one.entries)!.quarantined).toEqual([]);
  next(one);
  expect(factsOf(one, "closed").at(-1)!.averaged).toEqual(four);
});

test("[C92] a verdict of who is in quarantine by then leaves nothing; nor does one on who is removed", () => {
  const one = run();
  while (!one.state.harms.get(bo)?.quarantined) {
    next(one);
    for (const [reviewer, { volunteer }] of [...one.state.reviews])
      if (volunteer === bo) verdict(one, reviewer, 0.1);
  }
  expect(verdict(one, bo, 0.1)).toEqual({ ok: true, facts: [] });
  const [reviewer, { volunteer }] = [...one.state.reviews].find(([who]) => who !== bo)!;
  one.do({ kind: "admin", act: { kind: "remove", volunteer } });
  expect(verdict(one, reviewer, 0.1)).toEqual({ ok: true, facts: [] });
});

test("[C93] where all deltas of a source are of quarantined volunteers they count: nobody is left who could say so", () => {
  const one = run({ round: { minimum: 1 } });
  while (factsOf(one, "quarantined").length === 0) {
    next(one);
    reviewAll(one, [bo]);
  }
  for (const volunteer of [ana, cy, di]) one.ready.delete(volunteer);
  for (const volunteer of four) one.deliver(volunteer); // of the round that is open
  one.publish();
  one.deliver(bo);
  expect(factsOf(one, "closed").slice(-2)).toMatchObject([
    { averaged: [ana, cy, di], quarantined: [bo] },
    { averaged: [bo] },
  ]);
  expect(factsOf(one, "closed").at(-1)!.quarantined).toBeUndefined();
});

test("[C92] of whoever is removed no verdict is held against others any more", () => {
  const one = run();
  next(one);
  const [reviewer, { volunteer }] = [...one.state.reviews][0]!;
  verdict(one, reviewer, 0.1);
  expect(one.state.harms.get(volunteer)!.by).toEqual([reviewer]);
  one.do({ kind: "admin", act: { kind: "remove", volunteer: reviewer } });
  expect(one.state.harms.get(volunteer)!.by).toEqual([]);
});

test("[C95] a delta that is to be reviewed is kept until the next body, and no longer than the run's file says beyond it", () => {
  const keep: RunManifest["keep"] = { bodies: { every: 10 }, undoBodies: 1, deltaRounds: 0 };
  const one = run({ change: { ...reviewed(), keep } });
  const fold = foldRun(one.entries.slice(0, 1));
  let gone: readonly string[] = [];
  const follow = () => {
    gone = followRun(fold, one.entries.slice(fold.figures.seq));
  };
  next(one);
  follow();
  const first = four.map((who) => hashOf(`${who} 1`));
  for (const delta of first) expect(fold.blobs.kindOf(delta)).toBe("delta");
  reviewAll(one, []);
  next(one);
  follow();
  expect(first.every((delta) => gone.includes(delta))).toBe(true);
  expect(diskNeeded(one.state).deltaRounds).toBe(2);
  expect(diskNeeded({ ...one.state, manifest: { ...one.state.manifest, review: "off" } }).deltaRounds).toBe(
    1,
  );
});

test("[C94] whoever goes over to another source is in quarantine there too, until its delta there does no harm", () => {
  const one = quarantinedRun();
  one.ready.set(bo, { source: ja, rows: null });
  for (const who of [ana, cy]) one.ready.set(who, { source: ja, rows: null });
  one.do({ kind: "admin", act: { kind: "end-round" } });
  one.tickAll();
  next(one);
  expect(factsOf(one, "closed").at(-1)).toMatchObject({ averaged: [di, ana, cy], quarantined: [bo] });
});
