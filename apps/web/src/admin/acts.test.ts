import { millis } from "@homebody/base";
import { figuresOf, undoable } from "@homebody/coordinator";
import { expect, test } from "vitest";
import { journal, manifest } from "../../story/scenes.ts";
import { actsFor, wordsOf } from "./acts.ts";

const entries = journal(manifest(), 2, millis(2_000_000_000_000));
const figures = figuresOf(entries)!;

test("what follows from an act is said with the round's own figures", () => {
  expect(wordsOf({ kind: "end-round" }, figures).consequence).toContain("closes with the 3 deltas");
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

test("what cannot be done says why", () => {
  const gathering = { ...figures, phase: "gathering" as const };
  expect(wordsOf({ kind: "end-round" }, gathering).unavailable).toBe("No round is open.");
  expect(wordsOf({ kind: "end-run" }, { ...figures, ending: true }).unavailable).not.toBeNull();
  for (const words of actsFor({ ...figures, finished: true })) expect(words.unavailable).not.toBeNull();
});

test("[C28] what comes of going back is said, and what cannot be gone back to says what is kept", () => {
  const kept = { ...figures, manifest: { ...figures.manifest, keep: { bodies: 5, deltaRounds: 2 } } };
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
