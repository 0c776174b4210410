// The session against a small model of its world: a coordinator with rounds, a disk, a runner whose jobs succeed,
// fail, are cut by a lost line, or end with the page. Whatever happened, nothing is lost and it goes on by itself.

import type { Announcement } from "@homebody/protocol";
import fc from "fast-check";
import { expect, test } from "vitest";
import {
  evolve,
  firstSession,
  type Job,
  jobFor,
  type Pending,
  type Scored,
  type SessionEvent,
} from "../src/session.ts";
import { at, closing, deltaOf, gathering, scoreOf, training } from "./announcements.ts";

type Act =
  | "work"
  | "fail"
  | "device-lost"
  | "not-finite"
  | "cut"
  | "back"
  | "reload"
  | "close"
  | "open"
  | "gather"
  | "wait";

const acts: fc.Arbitrary<Act> = fc.oneof(
  { arbitrary: fc.constant<Act>("work"), weight: 12 },
  { arbitrary: fc.constant<Act>("back"), weight: 4 },
  { arbitrary: fc.constant<Act>("open"), weight: 4 },
  fc.constantFrom<Act>("fail", "device-lost", "not-finite", "cut", "reload", "close", "gather", "wait"),
);

class World {
  now = 0;
  session = firstSession;
  round = 1;
  phase: "gathering" | "training" | "closing" = "gathering";
  readonly accepted = new Set<number>();
  readonly leftOut = new Set<number>();
  disk: { pending: Pending | null; scored: Scored | null; rounds: number } = {
    pending: null,
    scored: null,
    rounds: 0,
  };

  constructor() {
    this.tell({ kind: "contribute" });
    this.back();
  }

  announcement(): Announcement {
    if (this.phase === "gathering") return gathering(this.round);
    if (this.phase === "closing") return closing(this.round);
    return training(this.round, { accepted: this.accepted.has(this.round) });
  }

  job(): Job | null {
    return jobFor(this.session, at(this.now));
  }

  tell(event: SessionEvent): void {
    const before = this.session;
    this.session = evolve(before, event, at(this.now));
    // [V4] a delta leaves the session only by being settled, or with the device whose disk has it
    if (before.pending !== null && this.session.pending === null) expect(event.kind).toBe("settled");
  }

  back(): void {
    if (!this.session.connected) this.tell({ kind: "connected", announcement: this.announcement() });
  }

  announce(): void {
    if (this.session.connected) this.tell({ kind: "announcement", announcement: this.announcement() });
  }

  move(phase: World["phase"]): void {
    if (phase === this.phase) return;
    if (this.phase === "closing") this.round += 1;
    this.phase = phase;
    this.announce();
  }

  work(): void {
    const event = this.outcome();
    if (event !== null) this.tell(event);
  }

  /** Does the job that is due, as the disk and the coordinator would. */
  outcome(): SessionEvent | null {
    const job = this.job();
    switch (job?.kind) {
      case undefined:
        return null;
      case "prepare": {
        const { pending, scored, rounds: roundsContributed } = this.disk;
        return { kind: "prepared", pending, scored, roundsContributed };
      }
      case "evaluate":
        this.disk.scored = scoreOf(job.body);
        return { kind: "evaluated", scored: scoreOf(job.body) };
      case "report":
        expect(this.session.connected).toBe(true);
        if (job.scored.body !== this.round - 1) return { kind: "refused", word: "wrong-body" };
        return { kind: "reported", body: job.scored.body };
      case "train":
        expect(this.session.scored?.sha256).toBe(job.order.sha256); // [V5]
        expect(this.accepted.has(job.order.round)).toBe(false); // [V6]
        expect(this.leftOut.has(job.order.round)).toBe(false); // [V11]
        this.disk.pending = deltaOf(job.order.round);
        return { kind: "trained", pending: this.disk.pending };
      case "send": {
        expect(this.session.connected).toBe(true); // [V13]
        const { round } = job.pending;
        if (this.phase === "training" && round === this.round) this.accepted.add(round);
        return this.accepted.has(round)
          ? { kind: "accepted", round }
          : { kind: "refused", word: "wrong-round" };
      }
      case "settle":
        expect(job.accepted).toBe(this.accepted.has(job.pending.round)); // [V9]
        this.disk.pending = null;
        if (job.accepted) this.disk.rounds += 1;
        return { kind: "settled", round: job.pending.round, accepted: job.accepted };
      default:
        throw new Error(`not expected: ${job?.kind}`);
    }
  }

  act(act: Act): void {
    const job = this.job();
    if (act === "work") this.work();
    else if (act === "fail" && job !== null) this.tell({ kind: "failed", message: "no" });
    else if (act === "device-lost" && this.session.prepared)
      this.tell({ kind: "device-lost", message: "gone" });
    else if (act === "not-finite" && job?.kind === "train") {
      this.leftOut.add(job.order.round);
      this.tell({ kind: "not-finite", round: job.order.round, message: "NaN" });
    } else if (act === "cut") this.tell({ kind: "disconnected" });
    else if (act === "back") this.back();
    else if (act === "reload") this.reload();
    else if (act === "open") this.move("training");
    else if (act === "close" && this.phase === "training") this.move("closing");
    else if (act === "gather" && this.phase === "closing") this.move("gathering");
    else if (act === "wait") this.now += 1500;
  }

  reload(): void {
    this.session = firstSession;
    this.leftOut.clear(); // a page that was closed may try such a round once more
    this.tell({ kind: "contribute" });
    this.back();
  }
}

test("[V1-V6] [V9] [V11-V13] [V18] whatever happens, no delta is lost or made twice, and the next round is trained", () => {
  fc.assert(
    fc.property(fc.array(acts, { minLength: 20, maxLength: 120 }), (script) => {
      const world = new World();
      for (const act of script) world.act(act);
      expect(world.disk.rounds).toBe(world.accepted.size - unsettled(world));

      // Quiet comes: the line is back, time passes, a new round opens.
      world.move("closing");
      world.move("training");
      world.back();
      world.now += 60_000;
      for (let i = 0; i < 12; i++) world.work();
      expect(world.accepted.has(world.round)).toBe(true);
      expect(world.session.pending).toBeNull();
      expect(world.disk.rounds).toBe(world.accepted.size);
      expect(world.session.roundsContributed).toBe(world.accepted.size);
    }),
    { numRuns: 400 },
  );
});

/** Accepted deltas that this device has not settled yet: none or one. */
function unsettled({ disk, accepted }: World): number {
  return disk.pending !== null && accepted.has(disk.pending.round) ? 1 : 0;
}
