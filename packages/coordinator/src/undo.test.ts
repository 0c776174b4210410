// Going back to a body [C28], and what is kept for it [C29].

import type { RunManifest } from "@homebody/protocol";
import { expect, test } from "vitest";
import {
  ana,
  bo,
  bodyOf,
  cy,
  type es,
  hashOf,
  ja,
  manifest,
  type Scene,
  scene,
  section,
} from "../test/scene.ts";
import {
  aggregationOf,
  decide,
  figuresOf,
  foldRun,
  followRun,
  readSnapshot,
  replay,
  snapshotOf,
  undoable,
} from "./index.ts";

const keeping = (keep: RunManifest["keep"], options: Parameters<typeof manifest>[0] = {}) =>
  scene({ ...options, change: { keep } });

/** Rounds of ana and bo; each of them is delivered by both. */
function played(
  rounds: number,
  keep: RunManifest["keep"] = { bodies: { every: 10 }, undoBodies: 5, deltaRounds: 2 },
): Scene {
  const run = keeping(keep, { rounds: 9 });
  run.join(ana);
  run.join(bo, ja);
  for (let round = 1; round <= rounds; round++) {
    run.deliver(ana);
    run.deliver(bo);
    run.publish();
  }
  return run;
}

const undo = (to: number, without: readonly (typeof ana)[] = []) =>
  ({ kind: "admin", act: { kind: "undo", to, without } }) as const;
const deltaOf = (who: string, round: number) => hashOf(`${who} ${round}`);

test("[C28] a body of before is published again as the next one: rounds go on, and the steps that were done stay", () => {
  const run = played(3);
  run.deliver(ana); // of round 4, which is open
  const before = run.state.stepsDone;
  expect(run.do(undo(1))).toMatchObject({ ok: true });
  expect(run.state.phase).toMatchObject({ kind: "closing", round: 4, reason: "undo", averaged: [] });
  expect(aggregationOf(run.state)).toEqual({
    round: 4,
    sections: [section("body 1")],
    outer: [],
    deltas: [],
  });
  run.do({ ...published(4), sections: [section("body 1")] });
  expect(run.state.body).toEqual({ number: 4, id: bodyOf("body 1"), sections: [section("body 1")] });
  expect(run.state.stepsDone).toBe(before);
  run.tickAll();
  expect(run.state.phase).toMatchObject({ kind: "training", round: 5, stepsBefore: before });
  expect(figuresOf(run.entries)).toMatchObject({ published: 4, phase: "training" });
});

test("[C28] a body without somebody's delta is averaged from the body before it, with the other deltas and what was kept then", () => {
  const run = played(3);
  expect(run.do(undo(2, [bo]))).toMatchObject({ ok: true });
  const work = aggregationOf(run.state)!;
  expect(work).toMatchObject({ round: 4, sections: [section("body 1")] });
  expect(work.deltas.map(({ delta }) => delta)).toEqual([deltaOf(ana, 2)]);
  run.publish();
  // What came of it can be averaged anew, too.
  expect(undoable(figuresOf(run.entries)!).at(-1)).toEqual({ body: 4, volunteers: [ana] });
  run.do(undo(4, [ana]));
  expect(aggregationOf(run.state)).toMatchObject({ round: 5, sections: [section("body 1")], deltas: [] });
});

test("[C28] what cannot be gone back to is refused, and the figures list what can", () => {
  const run = played(6);
  const word = (...of: Parameters<typeof undo>) => {
    const decision = decide(run.state, undo(...of), run.now as never);
    return decision.ok ? "ok" : decision.refusal;
  };
  const list = undoable(figuresOf(run.entries)!);
  expect(list).toEqual([
    { body: 2, volunteers: [] },
    { body: 3, volunteers: [] },
    { body: 4, volunteers: [] },
    { body: 5, volunteers: [ana, bo] },
    { body: 6, volunteers: [ana, bo] },
  ]);
  for (const { body, volunteers } of list) {
    if (body < 6) expect(word(body)).toBe("ok");
    for (const who of volunteers) expect(word(body, [who])).toBe("ok");
  }
  for (const to of [0, 1, 6, 7]) expect(word(to)).toBe("not-kept");
  expect([word(4, [ana]), word(6, [cy])]).toEqual(["not-kept", "not-kept"]);
  run.deliver(ana);
  run.deliver(bo);
  expect(word(3)).toBe("closing");
});

test("[C29] a run that keeps one body and no deltas remembers nothing to go back to", () => {
  const run = played(4, { bodies: { every: 10 }, undoBodies: 1, deltaRounds: 0 });
  expect(undoable(figuresOf(run.entries)!)).toEqual([]);
  expect(run.state.past).toEqual([{ number: 4, sections: [section("body 4")], outer: [], made: null }]);
});

test("[C29] what it takes to go back is kept for as long as the run file says, and no longer", () => {
  const { entries } = played(7, { bodies: { every: 10 }, undoBodies: 3, deltaRounds: 2 });
  const fold = foldRun(entries.slice(0, 1));
  for (const entry of entries.slice(1)) followRun(fold, [entry]);
  const kindsOf = (names: readonly string[]) => names.map((name) => fold.blobs.kindOf(hashOf(name)));
  const deltas = [5, 6, 7].map((round) => `${ana} ${round}`);
  expect(kindsOf(deltas)).toEqual([undefined, "delta", "delta"]);
  expect(kindsOf(["body 4", "body 5"])).toEqual(["body", "body"]);
  const long = foldRun(played(8, { bodies: { every: 10 }, undoBodies: 8, deltaRounds: 0 }).entries);
  expect(long.blobs.kindOf(hashOf("body 1"))).toBe("body");
  expect(long.figures.now().bodies.map(({ number }) => number)).toContain(1);
});

test("[P45] where all deltas are kept a run goes back as far as its bodies say, and averages those after the first of these anew", () => {
  const { entries } = played(7, { bodies: { every: 10 }, undoBodies: 3, deltaRounds: "all" });
  const found = undoable(figuresOf(entries)!);
  expect(found.map(({ body, volunteers }) => [body, volunteers.length > 0])).toEqual([
    [5, false],
    [6, true],
    [7, true],
  ]);
});

test("[C3] [C25] a coordinator that dies in an undo finds the same work in its journal, and in a snapshot", () => {
  const run = played(3);
  run.do(undo(2, [bo]));
  const work = aggregationOf(run.state);
  expect(aggregationOf(replay(run.entries)!)).toEqual(work);
  const fold = foldRun(run.entries);
  const snapshot = JSON.parse(JSON.stringify({ ...snapshotOf(fold), hash: "ab".repeat(32) }));
  expect(readSnapshot(snapshot)!.fold.state).toEqual(run.state);
});

test("[C28] a source that joined since keeps its words when the run goes back", () => {
  const run = played(2);
  const words = { name: "phi/fr", sha256: hashOf("words of fr"), sizeBytes: 500 } as const;
  run.do({ kind: "admin", act: { kind: "end-round" } });
  run.do(joining(words));
  run.tickAll();
  run.do(undo(1));
  expect(aggregationOf(run.state)!.sections).toEqual([section("body 1"), words]);
});

const published = (round: number) =>
  ({ kind: "published", round, outer: [], cosines: [], clipped: [], meanNorm: 0, servedBytes: 0 }) as const;

function joining(words: {
  readonly name: "phi/fr";
  readonly sha256: ReturnType<typeof hashOf>;
  readonly sizeBytes: number;
}) {
  const [first] = manifest().sources;
  const source = { ...first!, id: "fr" as typeof es, words: "source" as const };
  return { kind: "add-source", source, phi: 400, sections: [words] } as const;
}

test("[C44] [C46] what the disk has lost of an undo is dropped; where the body is lost it lapses, and the run pauses", () => {
  const run = played(3);
  run.do(undo(2, [bo]));
  run.do({ kind: "drop", round: 4, volunteer: ana, reason: "missing" });
  expect(run.state.phase).toMatchObject({ kind: "closing", averaged: [] });
  run.tickAll();
  expect(run.state.phase).toMatchObject({ kind: "closing", round: 4 }); // it still has what they were added to
  run.do({ kind: "abandon", round: 4 });
  expect(run.kinds().slice(-2)).toEqual(["lapsed", "paused"]);
  expect(run.state).toMatchObject({
    paused: true,
    body: { number: 3 },
    phase: { kind: "gathering", round: 4 },
  });
});
