// The session of a volunteer of an eager run: what it trains ahead, and when that is given up.

import type { Announcement } from "@homebody/protocol";
import { expect, test } from "vitest";
import type { TrainOrder } from "../src/ahead.ts";
import { jobsFor } from "../src/jobs.ts";
import { evolve, firstSession, type Session, type SessionEvent } from "../src/session.ts";
import {
  at,
  bodyOf,
  closing,
  deltaOf,
  eagerly,
  evaluating,
  gathering,
  reviewOf,
  scoreOf,
  training,
  verdictOf,
} from "./announcements.ts";

const from = (session: Session, ...events: readonly SessionEvent[]) =>
  events.reduce((state, event) => evolve(state, event, at(0)), session);
const jobs = (session: Session) => jobsFor(session, at(0));
const announced = (announcement: Announcement): SessionEvent => ({ kind: "announcement", announcement });
const fetched = (body: number): SessionEvent => ({ kind: "fetched", id: bodyOf(body).id });
const trained = (round: number, homeRound = round - 1): SessionEvent => ({
  kind: "trained",
  pending: deltaOf(round),
  homeRound,
});
const counted = (round: number): SessionEvent[] => [
  { kind: "accepted", round },
  { kind: "settled", round, accepted: true },
];
const scored = (body: number): SessionEvent[] => [
  { kind: "evaluated", scored: scoreOf(body) },
  { kind: "reported", body },
];
const prepared = {
  kind: "prepared",
  ...{ fresh: false, startsTrained: false, deltas: [], homeRound: 0 },
  ...{ scored: null, roundsContributed: 0, ahead: null },
} as const;

/** In its second round, which trains from body 1; its first delta counted. */
const inSecond = from(
  { ...firstSession, overlap: true },
  { kind: "contribute" },
  { kind: "connected", announcement: eagerly(1) },
  prepared,
  ...[fetched(0), ...scored(0), trained(1), ...counted(1)],
  ...[announced(eagerly(2)), fetched(1), ...scored(1)],
);
/** What it trains ahead from there on. */
const third: TrainOrder = {
  ...{ round: 3, body: bodyOf(1), homeRound: 2, slot: 0, slots: 2 },
  ...{ localSteps: 4, stepsBefore: 8, totalSteps: 40 },
  ahead: { own: deltaOf(2).delta, sources: 3, isStep: true },
};
const isAhead = (session: Session) => {
  const { compute } = jobs(session);
  return compute?.kind === "train" && compute.order.ahead !== null;
};

test("[V54] when a delta of the open round is stored, the next round is trained while it is sent, by the order that is to be expected", () => {
  expect(jobs(from(inSecond, trained(2)))).toEqual({
    compute: { kind: "train", order: third },
    line: { kind: "send", pending: deltaOf(2) },
  });
});

test("[V54] it is the same job when the round closes, the next one opens, in whatever slot, and the next body comes", () => {
  const steps: SessionEvent[] = [
    ...counted(2),
    announced(closing(2)),
    announced(gathering(3)),
    announced(eagerly(3, { slot: 1 })),
    fetched(2),
  ];
  let session = from(inSecond, trained(2));
  for (const event of steps) {
    session = evolve(session, event, at(0));
    expect(jobs(session).compute).toEqual({ kind: "train", order: third });
  }
});

test("[V54] one round ahead at most: a delta of a round that is not open waits, and so does what comes after it", () => {
  const waiting = from(inSecond, trained(2), ...counted(2), trained(3));
  expect(jobs(waiting)).toEqual({ compute: null, line: null });
  expect(jobs(from(waiting, announced(closing(2)))).line).toBeNull(); // [V57]
  const opened = from(waiting, announced(eagerly(3)));
  expect(jobs(opened)).toEqual({ compute: null, line: { kind: "send", pending: deltaOf(3) } });
  // [V60] The body is evaluated before training starts from it.
  const here = from(opened, fetched(2));
  expect(jobs(here).compute).toEqual({ kind: "evaluate", body: bodyOf(2), homeRound: 3 });
  expect(jobs(from(here, ...scored(2))).compute).toMatchObject({ order: { round: 4, body: bodyOf(2) } });
});

test("[V54] not past the last round, not where the run is not eager, and not where it finishes", () => {
  const last = { ...eagerly(2), totalSteps: 8 } as Announcement;
  expect(isAhead(from(inSecond, announced(last), trained(2)))).toBe(false);
  expect(isAhead(from(inSecond, announced(training(2)), trained(2)))).toBe(false);
  expect(isAhead(from(inSecond, { kind: "finish" }, trained(2)))).toBe(false);
  const finishing = from(inSecond, trained(2), { kind: "finish" });
  expect(isAhead(finishing)).toBe(false);
  // A delta that waits for its round is dropped with it.
  const waits = from(inSecond, trained(2), ...counted(2), trained(3), { kind: "finish" });
  expect(jobs(waits).line).toEqual({ kind: "settle", pending: deltaOf(3), accepted: false });
});

test("[V54] a run that pauses or is held stops what is ahead of it, and lets it go on", () => {
  const pausing = { ...eagerly(2), paused: true };
  expect(isAhead(from(inSecond, trained(2), announced(pausing)))).toBe(false);
  expect(isAhead(from(inSecond, trained(2), announced(pausing), announced(eagerly(2))))).toBe(true);
});

test("[V56] it is given up where it cannot count: not assigned, other steps, a body that is no start any more, an end", () => {
  const ahead = from(inSecond, trained(2), ...counted(2), announced(closing(2)));
  const given: Announcement[] = [
    eagerly(3, { assigned: false }),
    eagerly(3, { accepted: true }),
    eagerly(3, { eager: { oldest: 2, sources: 1 } }), // the host went back
    { ...eagerly(3), totalSteps: 44 } as Announcement,
    { ...eagerly(3), stepsBefore: 12 } as Announcement,
    eagerly(4),
    evaluating(2),
  ];
  for (const announcement of given) {
    const session = from(ahead, announced(announcement));
    expect([session.ahead, isAhead(session)]).toEqual([null, false]);
  }
  expect(from(ahead, announced(eagerly(3))).ahead).toEqual(third);
});

test("[V56] where the host went back, the round starts from what it made the current body, once that is here", () => {
  const back = eagerly(3, { eager: { oldest: 2, sources: 3 } });
  const session = from(inSecond, trained(2), ...counted(2), announced(back));
  expect(jobs(session)).toEqual({ compute: null, line: { kind: "fetch", body: bodyOf(2) } });
  const here = from(session, fetched(2), ...scored(2));
  expect(jobs(here).compute).toMatchObject({ order: { round: 3, body: bodyOf(2), ahead: null } });
  // What led to that body is no step that others would take again.
  const next = from(here, trained(3));
  expect(jobs(next).compute).toMatchObject({ order: { round: 4, ahead: { isStep: false } } });
});

test("[V9] [V56] a delta that is refused takes with it what went ahead of it, trained or not", () => {
  const refusal: SessionEvent = { kind: "refused", reason: "stale" };
  expect(from(inSecond, trained(2), refusal).ahead).toBeNull();
  const both = from(inSecond, trained(2), trained(3), refusal);
  expect(both.queue.map(({ verdict }) => verdict)).toEqual(["refused", "refused"]);
  // Where it was being stored at that moment, too.
  const late = from(inSecond, trained(2), refusal, trained(3));
  expect(late.queue.map(({ verdict }) => verdict)).toEqual(["refused", "refused"]);
  expect(late.ahead).toBeNull();
});

test("[V58] where the open round is to be trained once more, what went ahead of it is dropped", () => {
  const lost = { ...eagerly(2), lost: true } as Announcement;
  const ahead = from(inSecond, trained(2), ...counted(2));
  expect(jobs(from(ahead, announced(lost))).compute).toMatchObject({ order: { round: 2, ahead: null } });
  const stored = from(ahead, trained(3), announced(lost));
  expect(jobs(stored).line).toEqual({ kind: "settle", pending: deltaOf(3), accepted: false });
  const settled = from(stored, { kind: "settled", round: 3, accepted: false });
  expect(jobs(settled).compute).toMatchObject({ order: { round: 2, ahead: null } });
});

test("[V58] the same of a coordinator that goes on from before that delta", () => {
  const deltas = [{ pending: deltaOf(3), homeRound: 2 }];
  const back = from(
    { ...firstSession, overlap: true },
    { kind: "contribute" },
    { kind: "connected", announcement: eagerly(2) },
    { ...prepared, deltas, homeRound: 2 },
  );
  expect(jobs(back).line).toEqual({ kind: "settle", pending: deltaOf(3), accepted: false });
});

test("[V11] a round ahead that is not finite is left out, and does not begin anew", () => {
  const left = from(inSecond, trained(2), { kind: "not-finite", round: 3, message: "NaN" });
  expect(jobs(from(left, announced(eagerly(2)))).compute).toBeNull();
  const next = from(left, ...counted(2), announced(eagerly(3)), fetched(2), ...scored(2));
  expect(jobs(next).compute).toBeNull();
  expect(jobs(from(next, announced(eagerly(4)), fetched(3), ...scored(3))).compute).toMatchObject({
    order: { round: 4, ahead: null },
  });
});

test("[V59] after a reload it goes on from its snapshot, and without one when the round opens", () => {
  const begin = (ahead: TrainOrder | null) =>
    from(
      { ...firstSession, overlap: true },
      { kind: "contribute" },
      { kind: "connected", announcement: eagerly(3) },
      { ...prepared, deltas: [], homeRound: 2, ahead },
    );
  expect(jobs(begin(third)).compute).toEqual({ kind: "train", order: third });
  const without = from(begin(null), fetched(2), ...scored(2));
  expect(jobs(without).compute).toMatchObject({ order: { round: 3, body: bodyOf(2), ahead: null } });
  expect(begin({ ...third, homeRound: 1 }).ahead).toBeNull(); // of words that are not there
});

test("[V60] a body that never came here is no start when the next one is announced", () => {
  const waiting = from(inSecond, trained(2), ...counted(2), trained(3), announced(eagerly(3)));
  expect(waiting.ahead).toMatchObject({ round: 4, body: bodyOf(2) });
  const next = from(waiting, ...counted(3), announced(eagerly(4)));
  expect(next.ahead).toBeNull();
  expect(jobs(next)).toEqual({ compute: null, line: { kind: "fetch", body: bodyOf(3) } });
});

test("[V60] a delta waits for the score of its round's body, as long as there is time, and goes after it", () => {
  const unscored = from(inSecond, { kind: "evaluated", scored: scoreOf(0) }, trained(2));
  const evaluate = { kind: "evaluate", body: bodyOf(1), homeRound: 2 } as const;
  const send = { kind: "send", pending: deltaOf(2) } as const;
  expect(jobsFor(unscored, at(39_000))).toEqual({ compute: evaluate, line: null });
  expect(jobsFor(unscored, at(41_000))).toEqual({ compute: evaluate, line: send });
  const scoring = from(unscored, { kind: "evaluated", scored: scoreOf(1) });
  expect(jobs(scoring).line).toEqual({ kind: "report", scored: scoreOf(1) });
  expect(jobs(from(scoring, { kind: "reported", body: 1 })).line).toEqual(send);
  // What cannot be evaluated holds nothing up.
  const failing = from(unscored, { kind: "failed", lane: "compute", message: "no" });
  expect(jobs(failing)).toEqual({ compute: null, line: send });
});

test("[V60] [V67] a peer's delta is reviewed between two rounds' training, and the verdict goes before the delta", () => {
  const asked = (round: number) => ({ ...eagerly(round), review: reviewOf(round - 1) }) as Announcement;
  const ahead = from(inSecond, trained(2), ...counted(2), announced(asked(3)), fetched(2));
  expect(isAhead(ahead)).toBe(true); // it goes on
  const stored = from(ahead, trained(3));
  expect(jobs(stored)).toMatchObject({ compute: { kind: "review", delta: reviewOf(2).delta }, line: null });
  const verdict = verdictOf(2);
  const reviewed = from(stored, { kind: "reviewed", delta: reviewOf(2).delta, verdict });
  expect(jobs(reviewed)).toMatchObject({ compute: { kind: "evaluate" }, line: { kind: "tell", verdict } });
});
