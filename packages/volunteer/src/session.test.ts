import type { Refusal } from "@homebody/protocol";
import { describe, expect, test } from "vitest";
import {
  at,
  closing,
  deltaOf,
  evaluating,
  finished,
  gathering,
  hashOf,
  scoreOf,
  training,
} from "../test/announcements.ts";
import { deadlineOf, evolve, firstSession, isReady, jobFor, type SessionEvent, sameJob } from "./session.ts";

const after = (...events: readonly SessionEvent[]) => from(firstSession, ...events);

function from(session: typeof firstSession, ...events: readonly SessionEvent[]) {
  return events.reduce((state, event) => evolve(state, event, at(0)), session);
}

const prepared = { kind: "prepared", pending: null, scored: null, roundsContributed: 0 } as const;

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

const job = (session: typeof firstSession, now = 0) => jobFor(session, at(now));

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
    expect(next(prepared)).toEqual({ kind: "evaluate", body: 0, sha256: hashOf(0) });
    expect(next({ kind: "evaluated", scored: scoreOf(0) })).toEqual({ kind: "report", scored: scoreOf(0) });
    expect(next({ kind: "reported", body: 0 })).toEqual({
      kind: "train",
      order: {
        round: 1,
        body: 0,
        sha256: hashOf(0),
        slot: 1,
        slots: 2,
        localSteps: 4,
        stepsBefore: 0,
        totalSteps: 40,
      },
    });
    const pending = deltaOf(1);
    expect(next({ kind: "trained", pending })).toEqual({ kind: "send", pending });
    expect(next({ kind: "accepted", round: 1 })).toEqual({ kind: "settle", pending, accepted: true });
    expect(next({ kind: "settled", round: 1, accepted: true })).toBeNull();
    expect(session.roundsContributed).toBe(1);
    expect(next({ kind: "announcement", announcement: training(2) })).toMatchObject({
      kind: "evaluate",
      body: 1,
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

  test("[V3] what the disk has of the run is not done again", () => {
    const session = after(
      { kind: "contribute" },
      { kind: "connected", announcement: training(3) },
      { kind: "prepared", pending: null, scored: scoreOf(2), roundsContributed: 2 },
    );
    expect(session.roundsContributed).toBe(2);
    expect(job(session)).toEqual({ kind: "report", scored: scoreOf(2) });
  });

  test("[V4] a stored delta is sent before everything, whatever round it is of", () => {
    const pending = deltaOf(1);
    const session = after(
      { kind: "contribute" },
      { kind: "connected", announcement: training(5) },
      { kind: "prepared", pending, scored: null, roundsContributed: 0 },
    );
    expect(job(session)).toEqual({ kind: "send", pending });
    const late = from(session, { kind: "refused", word: "wrong-round" });
    expect(job(late)).toEqual({ kind: "settle", pending, accepted: false });
    const settled = from(late, { kind: "settled", round: 1, accepted: false });
    expect([settled.roundsContributed, settled.roundDone]).toEqual([0, 1]);
    expect(job(settled)).toMatchObject({ kind: "evaluate", body: 4 });
  });

  test("[V5] a score of a body that is gone is neither reported nor made again", () => {
    const session = from(
      after({ kind: "contribute" }, { kind: "connected", announcement: gathering(1) }, prepared),
      { kind: "evaluated", scored: scoreOf(0) },
      { kind: "announcement", announcement: training(2) },
    );
    expect(job(session)).toEqual({ kind: "evaluate", body: 1, sha256: hashOf(1) });
    const refused = from(
      inRound(),
      { kind: "evaluated", scored: scoreOf(0) },
      { kind: "refused", word: "wrong-body" },
    );
    expect(job(refused)).toMatchObject({ kind: "train" });
  });

  test("[V5] the last body is evaluated under the run's own deadline; a closing round waits", () => {
    const ready = after({ kind: "contribute" }, { kind: "connected", announcement: evaluating(3) }, prepared);
    expect(job(ready)).toEqual({ kind: "evaluate", body: 3, sha256: hashOf(3) });
    expect(deadlineOf(ready)).toBe(60_000);
    expect(job(from(ready, { kind: "announcement", announcement: closing(4) }))).toBeNull();
  });

  test.each([
    ["it is not assigned", training(2, { assigned: false })],
    ["its delta is in already", training(2, { accepted: true })],
    ["the round was left out", training(1)],
    ["no round is open", gathering(2)],
  ])("[V6] it does not train where %s", (_, announcement) => {
    const body = announcement.bodyNumber;
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

describe("when something fails", () => {
  test("[V11] a round that was not finite is over for this volunteer; the next one is not", () => {
    const out = from(inRound(), { kind: "not-finite", round: 1, message: "the loss is NaN" });
    expect([job(out), out.failure, isReady(out)]).toEqual([null, "the loss is NaN", true]);
    const next = from(out, { kind: "announcement", announcement: training(2) });
    expect(job(next)).toMatchObject({ kind: "evaluate", body: 1 });
  });

  const final: readonly Refusal[] = ["wrong-round", "not-assigned", "wrong-shape", "not-finite", "too-far"];
  test.each(final)("[V11] a delta refused as %s is settled as one that does not count", (word) => {
    const session = from(inRound(), { kind: "trained", pending: deltaOf(1) }, { kind: "refused", word });
    expect(job(session)).toEqual({ kind: "settle", pending: deltaOf(1), accepted: false });
    expect(session.refusal?.word).toBe(word);
  });

  test("[V12] a failed job waits 1 s, then 2, 4, up to 60; a success begins anew", () => {
    let session = inRound();
    const waits: number[] = [];
    for (let i = 0; i < 9; i++) {
      session = evolve(session, { kind: "failed", message: "disk full" }, at(0));
      waits.push(session.retryAt!);
    }
    expect(waits).toEqual([1000, 2000, 4000, 8000, 16_000, 32_000, 60_000, 60_000, 60_000]);
    expect([job(session, 59_999), job(session, 60_000)?.kind]).toEqual([null, "train"]);
    expect(job(evolve(session, { kind: "retry" }, at(1)), 1)).toMatchObject({ kind: "train" });
    session = from(session, { kind: "trained", pending: deltaOf(1) }, { kind: "failed", message: "again" });
    expect(session.retryAt).toBe(1000);
  });

  test("[V12] a refusal that may pass is tried again", () => {
    const session = from(
      inRound(),
      { kind: "trained", pending: deltaOf(1) },
      { kind: "refused", word: "too-many" },
    );
    expect([job(session), job(session, 1000)?.kind]).toEqual([null, "send"]);
  });

  test("[V13] a lost connection stops nothing but sending", () => {
    const training1 = from(inRound(), { kind: "disconnected" });
    expect(job(training1)).toMatchObject({ kind: "train" });
    const trained = from(training1, { kind: "trained", pending: deltaOf(1) });
    expect(job(trained)).toBeNull();
    const back = from(trained, { kind: "connected", announcement: training(1) });
    expect(job(back)).toEqual({ kind: "send", pending: deltaOf(1) });
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
      { kind: "trained", pending: deltaOf(1) },
      { kind: "announcement", announcement: finished(3) },
    );
    expect([owing.ended, job(owing)?.kind]).toEqual([null, "send"]);
    const refused = from(owing, { kind: "refused", word: "finished" });
    expect(from(refused, { kind: "settled", round: 1, accepted: false }).ended).toBe("finished");
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
    const sent = from(finishing, { kind: "trained", pending: deltaOf(1) });
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
