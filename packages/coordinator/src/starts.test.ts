import { expect, test } from "vitest";
import { ana, at, bo, type SceneOptions, scene } from "../test/scene.ts";
import { announcementFor, foldFigures, type RunState } from "./index.ts";

/** In its third round, with two bodies that were published. */
function inThirdRound(overlap: "off" | "eager", options: SceneOptions = {}) {
  const run = scene({ rounds: 5, ...options, change: { overlap } });
  run.join(ana);
  run.join(bo);
  for (let round = 1; round <= 2; round++) {
    for (const who of [ana, bo]) run.deliver(who);
    run.publish();
  }
  expect(run.state).toMatchObject({ phase: { kind: "training", round: 3 }, body: { number: 2 } });
  return run;
}

const stale = { ok: false, refusal: "stale" };
const told = (state: RunState) => announcementFor(state, ana, new Map(), at(0));

test("[C81] a delta of a blocking run starts from the round's body, whether it says so or not", () => {
  const run = inThirdRound("off");
  for (const body of [0, 1, 3]) expect(run.deliver(ana, { body })).toEqual(stale);
  expect(run.deliver(ana, { body: 2 }).ok).toBe(true);
  expect(run.deliver(bo).ok).toBe(true);
  expect(told(run.state)).not.toHaveProperty("eager");
});

test("[C81] [P64] a delta of an eager run may start from the body before, and from none older or to come", () => {
  const run = inThirdRound("eager");
  expect(told(run.state)).toMatchObject({ kind: "training", eager: { oldest: 1, sources: 1 } });
  for (const body of [0, 3]) expect(run.deliver(ana, { body })).toEqual(stale);
  expect(run.deliver(ana, { body: 1 }).ok).toBe(true);
  expect(run.deliver(bo).ok).toBe(true);
});

test("[C81] the first round has one body that a delta may start from", () => {
  const run = scene({ change: { overlap: "eager" } });
  run.join(ana);
  run.join(bo);
  expect(told(run.state)).toMatchObject({ round: 1, eager: { oldest: 0 } });
});

test("[C81] what the host went back from is no start", () => {
  const run = inThirdRound("eager");
  run.do({ kind: "admin", act: { kind: "undo", to: 1, without: [] } });
  run.publish();
  expect(run.state).toMatchObject({ phase: { kind: "training", round: 4 }, body: { number: 3 } });
  expect(told(run.state)).toMatchObject({ eager: { oldest: 3 } });
  expect(run.deliver(ana, { body: 2 })).toEqual(stale);
  for (const who of [ana, bo]) expect(run.deliver(who, { body: 3 }).ok).toBe(true);
  run.publish();
  expect(told(run.state)).toMatchObject({ eager: { oldest: 3 } });
  expect(run.deliver(ana, { body: 3 }).ok).toBe(true);
});

test("[C82] the fact names the body where it is not the round's, and figures say how far behind it is", () => {
  const run = inThirdRound("eager");
  run.deliver(ana, { body: 1 });
  run.deliver(bo, { body: 2 });
  const facts = run.entries.flatMap(({ fact }) =>
    fact.kind === "accepted" && fact.round === 3 ? [fact] : [],
  );
  expect(facts).toMatchObject([{ volunteer: ana, body: 1 }, { volunteer: bo }]);
  expect(facts[1]).not.toHaveProperty("body");
  const { deltas } = foldFigures(run.entries).now();
  expect(deltas.map(({ staleness }) => staleness)).toEqual([0, 0, 0, 0, 1, 0]);
});
