import type { Announcement, Refusal } from "@homebody/protocol";
import { describe, expect, test } from "vitest";
import { deadlineOf, failureOf, isReady, type Job, jobsFor, sameJob } from "../src/jobs.ts";
import { evolve, firstSession, type Pending, type Session, type SessionEvent } from "../src/session.ts";
import {
  at,
  bodyOf,
  closing,
  deltaOf,
  evaluating,
  finished,
  gathering,
  scoreOf,
  training,
} from "./announcements.ts";

const after = (...events: readonly SessionEvent[]) => from(firstSession, ...events);

function from(session: Session, ...events: readonly SessionEvent[]) {
  return events.reduce((state, event) => evolve(state, event, at(0)), session);
}

const prepared = {
  kind: "prepared",
  fresh: false,
  startsTrained: false,
  deltas: [],
  homeRound: 0,
  scored: null,
  roundsContributed: 0,
  ahead: null,
} as const;

/** Contributes, is connected, has its text, and has reported the body that the first round trains. */
function inRound(round = 1) {
  return after(
    { kind: "contribute" },
    { kind: "connected", announcement: training(round) },
    prepared,
    { kind: "evaluated", scored: scoreOf(round - 1) },
    { kind: "reported", body: round - 1 },
  );
}

/** The one job where lanes do not overlap. */
function job(session: Session, now = 0): Job | null {
  const { compute, line } = jobsFor(session, at(now));
  expect(compute === null || line === null).toBe(true); // [V1]
  return compute ?? line;
}

describe("what to do next", () => {
  test("[V1] the job follows from the session alone: the text, the body, the report, the round, the delta, its end", () => {
    let session = after(
      { kind: "contribute" },
      { kind: "connected", announcement: training(1, { slot: 1 }) },
    );
    const next = (event: SessionEvent) => {
      session = evolve(session, event, at(0));
      return job(session);
    };
    expect(job(session)).toEqual({ kind: "prepare" });
    expect(next(prepared)).toEqual({ kind: "evaluate", body: bodyOf(0), homeRound: 0 });
    expect(next({ kind: "evaluated", scored: scoreOf(0) })).toEqual({ kind: "report", scored: scoreOf(0) });
    expect(next({ kind: "reported", body: 0 })).toEqual({
      kind: "train",
      order: {
        round: 1,
        body: bodyOf(0),
        homeRound: 0,
        slot: 1,
        slots: 2,
        localSteps: 4,
        stepsBefore: 0,
        totalSteps: 40,
        ahead: null,
      },
    });
    const pending = deltaOf(1);
    expect(next({ kind: "trained", pending, homeRound: 0 })).toEqual({ kind: "send", pending });
    expect(next({ kind: "accepted", round: 1 })).toEqual({ kind: "settle", pending, accepted: true });
    expect(next({ kind: "settled", round: 1, accepted: true })).toBeNull();
    expect(session.roundsContributed).toBe(1);
    expect(next({ kind: "announcement", announcement: training(2) })).toMatchObject({
      kind: "evaluate",
      body: bodyOf(1),
    });
  });

  test("[V1] an announcement that only counts down does not make another job of it", () => {
    const before = job(inRound());
    const later = from(inRound(), {
      kind: "announcement",
      announcement: { ...training(1), remainingMs: 10 } as never,
    });
    expect(sameJob(before, job(later))).toBe(true);
    expect(sameJob(before, job(from(later, { kind: "announcement", announcement: closing(1) })))).toBe(false);
  });

  test("[V2] nothing before it contributes, while it pauses, and after it stopped", () => {
    expect(job(after({ kind: "connected", announcement: training(1) }, prepared))).toBeNull();
    const paused = from(inRound(), { kind: "pause" });
    expect(job(paused)).toBeNull();
    expect(isReady(paused)).toBe(false);
    expect(job(from(paused, { kind: "resume" }))).toMatchObject({ kind: "train" });
    const left = from(inRound(), { kind: "left" });
    expect([job(left), left.ended, isReady(left)]).toEqual([null, "asked", false]);
    expect(job(from(left, { kind: "contribute" }))).toMatchObject({ kind: "train" });
  });

  test("[V25] nothing outside its hours, whoever resumes it, and no round counts on it", () => {
    const out = from(inRound(), { kind: "hours", within: false });
    expect([job(out), isReady(out)]).toEqual([null, false]);
    expect(job(from(out, { kind: "pause" }, { kind: "resume" }))).toBeNull();
    const back = from(out, { kind: "hours", within: true });
    expect([job(back), isReady(back)]).toMatchObject([{ kind: "train" }, true]);
  });

  test("[V3] what the disk has of the run is not done again", () => {
    const session = after(
      { kind: "contribute" },
      { kind: "connected", announcement: training(3) },
      { ...prepared, scored: scoreOf(2), roundsContributed: 2 },
    );
    expect(session.roundsContributed).toBe(2);
    expect(job(session)).toEqual({ kind: "report", scored: scoreOf(2) });
  });

  test("[V4] a stored delta is sent before everything, whatever round it is of", () => {
    const pending = deltaOf(1);
    const session = after(
      { kind: "contribute" },
      { kind: "connected", announcement: training(5) },
      { ...prepared, deltas: [{ pending, homeRound: 0 }] },
    );
    expect(job(session)).toEqual({ kind: "send", pending });
    const late = from(session, { kind: "refused", reason: "wrong-round" });
    expect(job(late)).toEqual({ kind: "settle", pending, accepted: false });
    const settled = from(late, { kind: "settled", round: 1, accepted: false });
    expect([settled.roundsContributed, settled.roundDone]).toEqual([0, 1]);
    expect(job(settled)).toMatchObject({ kind: "evaluate", body: bodyOf(4) });
  });

  test("[V5] a score of a body that is gone is neither reported nor made again", () => {
    const session = from(
      after({ kind: "contribute" }, { kind: "connected", announcement: gathering(1) }, prepared),
      { kind: "evaluated", scored: scoreOf(0) },
      { kind: "announcement", announcement: training(2) },
    );
    expect(job(session)).toEqual({ kind: "evaluate", body: bodyOf(1), homeRound: 0 });
    const refused = from(
      inRound(),
      { kind: "evaluated", scored: scoreOf(0) },
      { kind: "refused", reason: "wrong-body" },
    );
    expect(job(refused)).toMatchObject({ kind: "train" });
  });

  test("[V5] the last body is evaluated under the run's own deadline; a closing round waits", () => {
    const ready = after({ kind: "contribute" }, { kind: "connected", announcement: evaluating(3) }, prepared);
    expect(job(ready)).toEqual({ kind: "evaluate", body: bodyOf(3), homeRound: 0 });
    expect(deadlineOf(ready)).toBe(60_000);
    expect(job(from(ready, { kind: "announcement", announcement: closing(4) }))).toBeNull();
  });

  test("[V21] what was accepted and then lost is told once, and trained once more while the round is open", () => {
    const done = from(
      inRound(),
      { kind: "trained", pending: deltaOf(1), homeRound: 0 },
      { kind: "accepted", round: 1 },
    );
    const settled = from(done, { kind: "settled", round: 1, accepted: true });
    const closed = from(settled, {
      kind: "announcement",
      announcement: { ...closing(1), lost: true } as Announcement,
    });
    expect([closed.refusal?.reason, job(closed)]).toEqual(["lost", null]);
    const open = { kind: "announcement", announcement: { ...training(1), lost: true } } as const;
    const again = from(closed, open);
    // It may be told before its disk has settled the first one.
    const late = from(done, open, { kind: "settled", round: 1, accepted: true });
    expect(job(late)).toEqual(job(again));
    expect(job(again)).toMatchObject({ kind: "train", order: { round: 1, homeRound: 1 } });
    const refused = from(again, { kind: "not-finite", round: 1, message: "the loss is NaN" }, open);
    expect(job(refused)).toBeNull();
  });

  test.each([
    ["it is not assigned", training(2, { assigned: false })],
    ["its delta is in already", training(2, { accepted: true })],
    ["the round was left out", training(1)],
    ["no round is open", gathering(2)],
  ])("[V6] it does not train where %s", (_, announcement) => {
    const body = announcement.body.number;
    const session = from(
      inRound(),
      { kind: "not-finite", round: 1, message: "the loss is NaN" },
      { kind: "announcement", announcement },
      { kind: "evaluated", scored: scoreOf(body) },
      { kind: "reported", body },
    );
    expect(job(session)).toBeNull();
  });
});

describe("[V20] words that nobody has trained", () => {
  const fresh = { ...prepared, fresh: true };
  const newcomer = (round = 3) =>
    after({ kind: "contribute" }, { kind: "connected", announcement: training(round) }, fresh);
  const announced = (announcement: Announcement): SessionEvent => ({ kind: "announcement", announcement });

  test("fit the body before it is evaluated, and the device is not ready meanwhile", () => {
    const session = newcomer();
    expect([job(session), isReady(session)]).toEqual([{ kind: "fit", body: bodyOf(2) }, false]);
    const fitted = from(session, { kind: "fitted" });
    expect([job(fitted), isReady(fitted)]).toEqual([
      { kind: "evaluate", body: bodyOf(2), homeRound: 0 },
      true,
    ]);
    expect(job(from(fitted, announced(gathering(5))))).toEqual({
      kind: "evaluate",
      body: bodyOf(4),
      homeRound: 0,
    });
  });

  test("fit the body that there is when both the text and the line are there, in either order", () => {
    const before = after({ kind: "contribute" }, fresh);
    expect([job(before), isReady(before)]).toEqual([null, true]); // there is no line to say so on
    const met = from(before, { kind: "connected", announcement: gathering(3) });
    expect([job(met), isReady(met)]).toEqual([{ kind: "fit", body: bodyOf(2) }, false]);
  });

  test("fit the first body, too, where the run started from a model", () => {
    const session = after(
      { kind: "contribute" },
      { kind: "connected", announcement: training(1) },
      { ...fresh, startsTrained: true },
    );
    expect([job(session), isReady(session)]).toEqual([{ kind: "fit", body: bodyOf(0) }, false]);
  });

  test("need no fit to the first body, and none where the device has words of its own or the run asks for none", () => {
    const first = newcomer(1);
    expect([job(first)?.kind, isReady(first)]).toEqual(["evaluate", true]);
    // It did not train that round: it fits the next body.
    expect(job(from(first, announced(gathering(2))))).toEqual({ kind: "fit", body: bodyOf(1) });
    const own = after({ kind: "contribute" }, { kind: "connected", announcement: training(3) }, prepared);
    expect(job(own)?.kind).toBe("evaluate");
  });

  test("go on with the body that they began with when another one comes, and a lost line changes nothing", () => {
    const later = from(newcomer(), announced(gathering(4)), announced(training(4)), { kind: "disconnected" });
    expect([job(later), isReady(later)]).toEqual([{ kind: "fit", body: bodyOf(2) }, false]);
  });

  test("fit the newest body when a fit has failed: the other one may be gone", () => {
    const failed = from(newcomer(), announced(gathering(9)), {
      kind: "failed",
      lane: "compute",
      message: "no such body",
    });
    expect([job(failed), job(failed, 1000), isReady(failed)]).toEqual([
      null,
      { kind: "fit", body: bodyOf(8) },
      false,
    ]);
    // A message that was not understood is no failure of the fit.
    const line = from(newcomer(), announced(gathering(9)), { kind: "failed", lane: "line", message: "?" });
    expect(job(line, 1000)).toEqual({ kind: "fit", body: bodyOf(2) });
  });

  test("are asked for again where the device was lost, by what is on the disk then", () => {
    const lost = from(newcomer(), announced(gathering(4)), { kind: "device-lost", message: "gone" });
    expect(job(lost, 1000)).toEqual({ kind: "prepare" });
    expect(job(from(lost, fresh))).toEqual({ kind: "fit", body: bodyOf(3) });
    const done = from(lost, prepared);
    expect([job(done)?.kind, isReady(done)]).toEqual(["evaluate", true]);
  });

  const firstRound: SessionEvent[] = [
    { kind: "evaluated", scored: scoreOf(0) },
    { kind: "reported", body: 0 },
    { kind: "trained", pending: deltaOf(1), homeRound: 0 },
  ];

  test("count once a delta of the first body is accepted, and no fit touches them", () => {
    const settled: SessionEvent[] = [
      { kind: "accepted", round: 1 },
      announced(gathering(2)),
      { kind: "settled", round: 1, accepted: true },
    ];
    const whole = from(newcomer(1), ...firstRound, ...settled);
    // The page was closed before the answer came.
    const pending = { ...fresh, deltas: [{ pending: deltaOf(1), homeRound: 0 }] };
    const met = after({ kind: "contribute" }, { kind: "connected", announcement: gathering(2) }, pending);
    expect([job(met)?.kind, isReady(met)]).toEqual(["send", true]);
    for (const session of [whole, from(met, ...settled)])
      expect([job(session), isReady(session)]).toEqual([
        { kind: "evaluate", body: bodyOf(1), homeRound: 1 },
        true,
      ]);
  });

  test("fit the next body where the delta of the first one is refused; those that were fitted need no other fit", () => {
    const refused = (round: number): SessionEvent[] => [
      { kind: "refused", reason: "wrong-round" },
      announced(gathering(round + 1)),
      { kind: "settled", round, accepted: false },
    ];
    const first = from(newcomer(1), ...firstRound, ...refused(1));
    expect([job(first), isReady(first)]).toEqual([{ kind: "fit", body: bodyOf(1) }, false]);
    const later = from(
      newcomer(3),
      { kind: "fitted" },
      { kind: "evaluated", scored: scoreOf(2) },
      { kind: "reported", body: 2 },
      { kind: "trained", pending: deltaOf(3), homeRound: 0 },
      ...refused(3),
    );
    expect([job(later), isReady(later)]).toEqual([{ kind: "evaluate", body: bodyOf(3), homeRound: 0 }, true]);
  });

  test("wait for what is stored where lanes overlap: the verdict says whether they count", () => {
    const session = from(
      { ...newcomer(1), overlap: true },
      ...firstRound,
      announced(training(2)),
      { kind: "fetched", id: bodyOf(1).id },
      { kind: "evaluated", scored: scoreOf(1) },
    );
    expect(jobsFor(session, at(0)).compute).toMatchObject({ kind: "train", order: { homeRound: 1 } });
    const refused = from(session, { kind: "refused", reason: "wrong-round" });
    const settled = from(refused, { kind: "settled", round: 1, accepted: false });
    for (const none of [refused, settled])
      expect(jobsFor(none, at(0)).compute).toEqual({ kind: "fit", body: bodyOf(1) });
  });

  test("are not begun where the volunteer finishes, pauses, or the run is over", () => {
    expect(job(from(newcomer(), announced(gathering(3)), { kind: "finish" }))).toEqual({ kind: "leave" });
    expect(job(from(newcomer(), { kind: "pause" }))).toBeNull();
    expect(from(newcomer(), announced(finished(3))).ended).toBe("finished");
  });
});

describe("when something fails", () => {
  test("[V11] a round that was not finite is over for this volunteer; the next one is not", () => {
    const out = from(inRound(), { kind: "not-finite", round: 1, message: "the loss is NaN" });
    expect([job(out), out.failures.compute?.message, isReady(out)]).toEqual([null, "the loss is NaN", true]);
    const next = from(out, { kind: "announcement", announcement: training(2) });
    expect(job(next)).toMatchObject({ kind: "evaluate", body: bodyOf(1) });
  });

  const final: readonly Refusal[] = ["wrong-round", "not-assigned", "wrong-shape", "not-finite", "too-far"];
  test.each(final)("[V11] a delta refused as %s is settled as one that does not count", (reason) => {
    const session = from(
      inRound(),
      { kind: "trained", pending: deltaOf(1), homeRound: 0 },
      { kind: "refused", reason },
    );
    expect(job(session)).toEqual({ kind: "settle", pending: deltaOf(1), accepted: false });
    expect(session.refusal?.reason).toBe(reason);
  });

  test("[V12] a failed job waits 1 s, then 2, 4, up to 60; a success begins anew", () => {
    let session = inRound();
    const waits: number[] = [];
    for (let i = 0; i < 9; i++) {
      session = evolve(session, { kind: "failed", lane: "compute", message: "disk full" }, at(0));
      waits.push(failureOf(session)!.retryAt);
    }
    expect(waits).toEqual([1000, 2000, 4000, 8000, 16_000, 32_000, 60_000, 60_000, 60_000]);
    expect([job(session, 59_999), job(session, 60_000)?.kind]).toEqual([null, "train"]);
    expect(job(evolve(session, { kind: "retry", lane: "compute" }, at(1)), 1)).toMatchObject({
      kind: "train",
    });
    session = from(
      session,
      { kind: "trained", pending: deltaOf(1), homeRound: 0 },
      {
        kind: "failed",
        lane: "line",
        message: "again",
      },
    );
    expect(failureOf(session)).toEqual({ message: "again", retryAt: 1000 });
  });

  test("[V12] a refusal that may pass is tried again", () => {
    const session = from(
      inRound(),
      { kind: "trained", pending: deltaOf(1), homeRound: 0 },
      { kind: "refused", reason: "too-many" },
    );
    expect([job(session), job(session, 1000)?.kind]).toEqual([null, "send"]);
  });

  test("[V13] a lost connection stops nothing but sending", () => {
    const training1 = from(inRound(), { kind: "disconnected" });
    expect(job(training1)).toMatchObject({ kind: "train" });
    const trained = from(training1, { kind: "trained", pending: deltaOf(1), homeRound: 0 });
    expect(job(trained)).toBeNull();
    const back = from(trained, { kind: "connected", announcement: training(1) });
    expect(job(back)).toEqual({ kind: "send", pending: deltaOf(1) });
  });

  test("[V9] after a reload: what began from refused home tensors does not count, what was taken already is settled again", () => {
    const stored = (round: number, homeRound: number) => ({ pending: deltaOf(round), homeRound });
    const found = (homeRound: number, ...deltas: ReturnType<typeof stored>[]) =>
      from(firstSession, { kind: "contribute" }, { ...prepared, deltas, homeRound }).queue.map(
        ({ verdict }) => verdict,
      );
    expect(found(1, stored(2, 1), stored(3, 2))).toEqual([null, null]);
    expect(found(1, stored(3, 2))).toEqual(["refused"]);
    expect(found(2, stored(2, 1), stored(3, 2))).toEqual(["accepted", null]);
  });

  test.each(["protocol-version", "wrong-run", "unknown-source", "cannot-take-part", "wrong-rows"] as const)(
    "[V19] %s ends the session: no further try would change it",
    (reason) => {
      const session = from(inRound(), { kind: "refused", reason });
      expect([job(session), job(session, 3_600_000), session.ended]).toEqual([null, null, "refused"]);
    },
  );

  test.each(["needs-code", "code-spent"] as const)(
    "[V37] %s ends the session: it takes another invitation",
    (reason) => {
      const session = from(inRound(), { kind: "refused", reason });
      expect([job(session), job(session, 3_600_000), session.ended]).toEqual([null, null, "refused"]);
      expect(from(session, { kind: "contribute" }).ended).toBeNull();
    },
  );

  test("[V22] what waits for the host has not failed: it prepares meanwhile, and waits until it is in or its line is lost", () => {
    const lost = after({ kind: "contribute" }, { kind: "failed", lane: "line", message: "too-many" });
    const waits = from(lost, { kind: "refused", reason: "not-approved" });
    expect(waits).toMatchObject({ awaitsApproval: true, refusal: null, ended: null });
    expect([job(waits)?.kind, failureOf(waits)]).toEqual(["prepare", null]);
    expect(job(from(waits, prepared))).toBeNull();
    expect(from(waits, { kind: "disconnected" }).awaitsApproval).toBe(false);
    expect(from(waits, { kind: "connected", announcement: training(1) }).awaitsApproval).toBe(false);
  });

  test.each(["removed", "replaced"] as const)("[V14] %s ends the session", (reason) => {
    const session = from(inRound(), { kind: "removed", reason });
    expect([job(session), session.ended, session.connected]).toEqual([null, reason, false]);
    expect(job(from(session, { kind: "connected", announcement: training(2) }))).toBeNull();
  });

  test("[V14] a run that is over ends the session, but not before its last delta is settled", () => {
    expect(from(inRound(), { kind: "announcement", announcement: finished(3) }).ended).toBe("finished");
    const owing = from(
      inRound(),
      { kind: "trained", pending: deltaOf(1), homeRound: 0 },
      { kind: "announcement", announcement: finished(3) },
    );
    expect([owing.ended, job(owing)?.kind]).toEqual([null, "send"]);
    const refused = from(owing, { kind: "refused", reason: "finished" });
    expect(from(refused, { kind: "settled", round: 1, accepted: false }).ended).toBe("finished");
  });

  test("[V14] after the end, what the disk may have is looked at first", () => {
    const back = from(
      { ...firstSession, unread: true },
      { kind: "contribute" },
      { kind: "connected", announcement: finished(3) },
    );
    expect([back.ended, job(back)?.kind]).toEqual([null, "prepare"]);
    const stored = { ...prepared, deltas: [{ pending: deltaOf(1), homeRound: 0 }] };
    expect(job(from(back, stored))?.kind).toBe("send");
    expect(from(back, prepared).ended).toBe("finished");
  });

  test("[V18] a device that is gone is prepared again, after a wait", () => {
    const session = from(inRound(), { kind: "device-lost", message: "the GPU is gone" });
    expect([job(session), job(session, 1000)]).toEqual([null, { kind: "prepare" }]);
    const back = from(session, { ...prepared, scored: scoreOf(0) }, { kind: "reported", body: 0 });
    expect(job(back)).toMatchObject({ kind: "train", order: { round: 1 } });
  });
});

describe("stopping", () => {
  test("[V16] finish: this round's delta is made and sent, then it leaves", () => {
    const finishing = from(inRound(), { kind: "finish" });
    expect([job(finishing)?.kind, isReady(finishing)]).toEqual(["train", false]);
    const sent = from(finishing, { kind: "trained", pending: deltaOf(1), homeRound: 0 });
    expect(job(sent)?.kind).toBe("send");
    const settled = from(sent, { kind: "accepted", round: 1 }, { kind: "settled", round: 1, accepted: true });
    expect(job(settled)).toEqual({ kind: "leave" });
    expect(from(settled, { kind: "left" }).ended).toBe("asked");
  });

  test("[V16] finish between rounds: it leaves at once, or when it is connected again", () => {
    const between = from(inRound(), { kind: "announcement", announcement: gathering(1) }, { kind: "finish" });
    expect(job(between)).toEqual({ kind: "leave" });
    expect(job(from(between, { kind: "disconnected" }))).toBeNull();
  });
});

describe("two lanes", () => {
  const fetched = (body: number): SessionEvent => ({ kind: "fetched", id: bodyOf(body).id });
  const overlapping = (round: number) => from({ ...inRound(round), overlap: true }, fetched(round - 1));
  const jobs = (session: Session, now = 0) => jobsFor(session, at(now));
  const scoredAs = (body: number): SessionEvent[] => [
    { kind: "evaluated", scored: scoreOf(body) },
    { kind: "reported", body },
  ];
  const trained = (round: number): SessionEvent => ({
    kind: "trained",
    pending: deltaOf(round),
    homeRound: round - 1,
  });

  test("[V1] where they overlap, a delta is on its way while the next round is evaluated and trained", () => {
    const next = from(overlapping(1), trained(1), { kind: "announcement", announcement: training(2) });
    expect(jobs(next)).toEqual({ compute: null, line: { kind: "send", pending: deltaOf(1) } });
    const sent = from(next, { kind: "accepted", round: 1 }, { kind: "settled", round: 1, accepted: true });
    expect(jobs(sent)).toEqual({ compute: null, line: { kind: "fetch", body: bodyOf(1) } });
    expect(jobs(from(next, fetched(1)))).toEqual({
      compute: { kind: "evaluate", body: bodyOf(1), homeRound: 1 },
      line: { kind: "send", pending: deltaOf(1) },
    });
    expect(jobs(from(next, fetched(1), ...scoredAs(1))).compute).toMatchObject({
      kind: "train",
      order: { round: 2, homeRound: 1 },
    });
    const alone = { ...next, overlap: false };
    expect(jobs(alone)).toEqual({ compute: null, line: { kind: "send", pending: deltaOf(1) } });
    expect(jobs(from(alone, { kind: "disconnected" }))).toEqual({ compute: null, line: null });
  });

  test("[V4] no more than two deltas are stored: training waits until the oldest is settled", () => {
    const two = from(
      overlapping(1),
      trained(1),
      { kind: "announcement", announcement: training(2) },
      fetched(1),
      ...scoredAs(1),
      trained(2),
      { kind: "announcement", announcement: training(3) },
      fetched(2),
    );
    expect(jobs(two)).toEqual({ compute: null, line: { kind: "send", pending: deltaOf(1) } });
    const one = from(two, { kind: "accepted", round: 1 }, { kind: "settled", round: 1, accepted: true });
    expect(jobs(one)).toEqual({
      compute: { kind: "evaluate", body: bodyOf(2), homeRound: 2 },
      line: { kind: "send", pending: deltaOf(2) },
    });
  });

  test("[V9] deltas are settled by round; what began from a refused one's home tensors goes with it", () => {
    const two = from(
      overlapping(1),
      trained(1),
      { kind: "announcement", announcement: training(2) },
      fetched(1),
      ...scoredAs(1),
    );
    expect(jobs(two).compute).toMatchObject({ order: { round: 2, homeRound: 1 } });
    const refused = from(two, { kind: "refused", reason: "wrong-round" });
    expect(jobs(refused)).toMatchObject({
      compute: { kind: "train", order: { round: 2, homeRound: 0 } }, // another job than the one under way
      line: { kind: "settle", pending: deltaOf(1), accepted: false },
    });
    const settle = (pending: Pending) => ({ kind: "settle", pending, accepted: false });
    const both = from(two, trained(2), { kind: "refused", reason: "wrong-round" });
    expect(jobs(both).line).toEqual(settle(deltaOf(1)));
    const later = from(both, { kind: "settled", round: 1, accepted: false });
    expect(jobs(later).line).toEqual(settle(deltaOf(2)));
    expect(from(later, { kind: "settled", round: 2, accepted: false }).homeRound).toBe(0);
  });

  test("[V12] a lane that failed waits alone where lanes overlap, and holds both where they do not", () => {
    const failing = from(
      overlapping(1),
      trained(1),
      { kind: "announcement", announcement: training(2) },
      fetched(1),
      { kind: "failed", lane: "line", message: "no line" },
    );
    expect(jobs(failing)).toMatchObject({ compute: { kind: "evaluate" }, line: null });
    expect(jobs(failing, 1000)).toMatchObject({ line: { kind: "send" } });
    const held = from(inRound(), { kind: "failed", lane: "line", message: "no line" });
    expect(jobs(held)).toEqual({ compute: null, line: null });
  });

  test("[V16] finish: stored deltas are sent and settled before it leaves", () => {
    const finishing = from(overlapping(1), trained(1), { kind: "finish" });
    expect(jobs(finishing)).toEqual({ compute: null, line: { kind: "send", pending: deltaOf(1) } });
    const settled = from(
      finishing,
      { kind: "accepted", round: 1 },
      { kind: "settled", round: 1, accepted: true },
    );
    expect(jobs(settled)).toEqual({ compute: null, line: { kind: "leave" } });
  });
});
