import { millis } from "@homebody/base";
import { figuresOf, undoable } from "@homebody/coordinator";
import { expect, test } from "vitest";
import { journal, manifest } from "../../story/scenes.ts";
import { actsFor, wordsOf } from "./acts.ts";

const entries = journal(manifest(), 2, millis(2_000_000_000_000));
const figures = figuresOf(entries)!;

test("what follows from an act is said with the round's own figures", () => {
  expect(wordsOf({ kind: "end-round" }, figures).consequence).toContain("closes with the 3 deltas");
  expect(wordsOf({ kind: "end-round" }, figures).consequence).toContain("What the others trained");
  const all = figures.roundList.map((round) => ({ ...round, assigned: round.assigned.slice(0, 3) }));
  expect(wordsOf({ kind: "end-round" }, { ...figures, roundList: all }).consequence).not.toContain("others");
  expect(wordsOf({ kind: "end-round" }, { ...figures, deltas: [] }).consequence).toContain("opens again");
});

test("a paused run is resumed, a running one is paused", () => {
  expect(actsFor(figures).map(({ act }) => act.kind)).toEqual(["pause", "end-round", "end-run"]);
  expect(actsFor({ ...figures, paused: true })[0]?.act.kind).toBe("resume");
});

test("a removal can be taken back, unless the run is over", () => {
  const restore = { kind: "restore", volunteer: figures.deltas[0]!.volunteer } as const;
  expect(wordsOf(restore, figures)).toMatchObject({ danger: false, unavailable: null });
  expect(wordsOf(restore, { ...figures, finished: true }).unavailable).not.toBeNull();
});

test("[C17] [C51] removal says what becomes of the volunteer's deltas, and whether it can come back", () => {
  const { volunteer, source } = figures.deltas.findLast(({ round }) => round === figures.round)!;
  const words = (of = figures, from: typeof source | null = source) =>
    wordsOf({ kind: "remove", volunteer }, of, from).consequence;
  expect(words()).toContain("Its delta of round 3 is in, and is not averaged.");
  expect(words({ ...figures, deltas: [] })).toContain("What it trains in round 3 is lost.");
  const averaged = figures.roundList.map((round) => ({ ...round, averaged: [volunteer] }));
  expect(words({ ...figures, phase: "closing", roundList: averaged })).toContain("averaged all the same");
  expect(words({ ...figures, phase: "gathering" })).not.toContain("round 3");
  const { manifest: run } = figures;
  const keeps = {
    ...figures,
    manifest: { ...run, keep: { bodies: { every: 10 }, undoBodies: 5, deltaRounds: 2 } },
  };
  expect(words(keeps)).toContain("unless you then go back to body 1 or body 2 without its delta.");
  expect(
    words({ ...keeps, manifest: { ...run, keep: { bodies: { every: 10 }, undoBodies: 5, deltaRounds: 0 } } }),
  ).toContain("stays in them.");
  expect(words()).toContain("every source here is open");
  const closed = (admission: "code" | "approval", others: "open" | "approval") => ({
    ...figures,
    manifest: {
      ...run,
      sources: run.sources.map((one) => ({ ...one, admission: one.id === source ? admission : others })),
    },
  });
  expect(words(closed("code", "approval"))).toMatch(/Its link is spent\. .*whom you invite or approve\.$/);
  expect(words(closed("approval", "open"))).toContain("some sources here are open");
});

test("what cannot be done says why", () => {
  const gathering = { ...figures, phase: "gathering" as const };
  expect(wordsOf({ kind: "end-round" }, gathering).unavailable).toBe("No round is open.");
  expect(wordsOf({ kind: "end-run" }, { ...figures, ending: true }).unavailable).not.toBeNull();
  for (const words of actsFor({ ...figures, finished: true })) expect(words.unavailable).not.toBeNull();
});

test("[C28] what comes of going back is said, and what cannot be gone back to says what is kept", () => {
  const kept = {
    ...figures,
    manifest: { ...figures.manifest, keep: { bodies: { every: 10 }, undoBodies: 5, deltaRounds: 2 } },
  };
  const bodies = undoable(kept);
  expect(bodies.length).toBeGreaterThan(1);
  const { body, volunteers } = bodies.at(-1)!;
  const [who] = volunteers;
  const of = (to: number, without: typeof volunteers = []) => wordsOf({ kind: "undo", to, without }, kept);
  const next = kept.published + 1;
  expect(of(0).consequence).toContain(`Body 0 is published again as body ${next}`);
  expect(of(body, [who!]).consequence).toContain(
    `averaged anew without 1 delta and published as body ${next}`,
  );
  expect([of(0).unavailable, of(body, [who!]).unavailable]).toEqual([null, null]);
  expect(of(99).unavailable).toBe(`Kept are bodies ${bodies.map((one) => one.body).join(", ")}.`);
  expect(of(kept.published).unavailable).toContain("current body");
});
