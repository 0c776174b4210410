// The session against a small model of its world: a coordinator with rounds, a disk, a runner whose jobs succeed,
// fail, are cut by a lost line, or end with the page. Whatever happened, nothing is lost and it goes on by itself.

import type { Sha256 } from "@homebody/base";
import type { Announcement } from "@homebody/protocol";
import fc from "fast-check";
import { expect, test } from "vitest";
import { isReady, type Job, type Jobs, jobsFor, longestQueue } from "../src/jobs.ts";
import {
  evolve,
  firstSession,
  type Lane,
  type Pending,
  type Scored,
  type SessionEvent,
} from "../src/session.ts";
import {
  at,
  closing,
  deltaOf,
  eagerly,
  gathering,
  reviewOf,
  scoreOf,
  training,
  verdictOf,
} from "./announcements.ts";

type Act =
  | "compute"
  | "line"
  | "fail"
  | "device-lost"
  | "not-finite"
  | "cut"
  | "back"
  | "reload"
  | "close"
  | "open"
  | "next"
  | "gather"
  | "lapse"
  | "undo"
  | "wait";

const acts: fc.Arbitrary<Act> = fc.oneof(
  { arbitrary: fc.constantFrom<Act>("compute", "line"), weight: 20 },
  { arbitrary: fc.constant<Act>("back"), weight: 4 },
  { arbitrary: fc.constantFrom<Act>("open", "next"), weight: 4 },
  fc.constantFrom<Act>("fail", "device-lost", "not-finite", "cut", "reload", "close", "gather", "wait"),
  fc.constantFrom<Act>("lapse", "undo"),
);

class World {
  now = 0;
  session: typeof firstSession;
  round = 1;
  phase: "gathering" | "training" | "closing" = "gathering";
  readonly accepted = new Set<number>();
  readonly leftOut = new Set<number>();
  /** Deltas by round, each with the round whose home tensors it began from. */
  disk: {
    deltas: { pending: Pending; from: number }[];
    home: number;
    scored: Scored | null;
    rounds: number;
    /** The body that the words which count were fitted to; null: they were not. */
    fitted: number | null;
  } = {
    deltas: [],
    home: 0,
    scored: null,
    rounds: 0,
    fitted: null,
  };
  /** Of peers' deltas. */
  readonly verdicts = new Set<Sha256>();
  /** Of this page's life, those that were measured or could not be. */
  readonly reviewed = new Set<Sha256>();
  fits = 0;
  /** Rounds that were trained while a delta was stored. */
  ahead = 0;
  /** Of those, deltas that counted. */
  eager = 0;
  /** The body that the host went back to last. */
  backAt = 0;

  constructor(overlap: boolean) {
    this.session = { ...firstSession, overlap };
    this.tell({ kind: "contribute" });
    this.back();
  }

  /** After each round a peer's delta is to be reviewed, until a verdict is there. */
  announcement(): Announcement {
    const last = this.round - 1;
    const isAsked = this.accepted.has(last) && !this.verdicts.has(reviewOf(last).delta);
    return { ...this.phaseNow(), ...(isAsked ? { review: reviewOf(last) } : {}) };
  }

  phaseNow(): Announcement {
    if (this.phase === "gathering") return gathering(this.round);
    if (this.phase === "closing") return closing(this.round);
    const told = { accepted: this.accepted.has(this.round) };
    if (!this.session.overlap) return training(this.round, told);
    return eagerly(this.round, { ...told, eager: { oldest: this.oldest(), sources: 1 } });
  }

  oldest(): number {
    return Math.max(0, this.round - 2, this.backAt);
  }

  jobs(): Jobs {
    const jobs = jobsFor(this.session, at(this.now));
    if (!this.session.overlap) expect(jobs.compute === null || jobs.line === null).toBe(true); // [V1]
    return jobs;
  }

  tell(event: SessionEvent): void {
    const before = this.session;
    this.session = evolve(before, event, at(this.now));
    // [V4] deltas leave the session only by being settled, the oldest first, or with the device whose disk has them
    const [had, has] = [before.queue.length, this.session.queue.length];
    if (has < had) expect([event.kind, has]).toEqual(["settled", had - 1]);
    expect(has).toBeLessThanOrEqual(this.session.overlap ? longestQueue : 1);
    const rounds = this.session.queue.map(({ pending }) => pending.round);
    expect(rounds).toEqual([...rounds].sort((a, b) => a - b));
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

  work(lane: Lane): void {
    const event = this.outcome(this.jobs()[lane]);
    if (event !== null) this.tell(event);
  }

  /** Does the job that is due, as the disk and the coordinator would. */
  outcome(job: Job | null): SessionEvent | null {
    const { disk } = this;
    switch (job?.kind) {
      case undefined:
        return null;
      case "prepare": {
        const { home: homeRound, scored, rounds: roundsContributed } = disk;
        const deltas = disk.deltas.map(({ pending, from }) => ({ pending, homeRound: from }));
        const fresh = homeRound === 0 && disk.fitted === null;
        return {
          kind: "prepared",
          fresh,
          startsTrained: false,
          deltas,
          homeRound,
          scored,
          roundsContributed,
          ahead: null,
        };
      }
      case "fit":
        // [V20] A body that was trained, and words that nobody has trained; rounds do not count on it meanwhile.
        expect(job.body.number).toBeGreaterThan(0);
        expect([disk.home, disk.fitted]).toEqual([0, null]);
        expect(disk.deltas.filter(({ pending }) => this.accepted.has(pending.round))).toEqual([]);
        expect(isReady(this.session)).toBe(false);
        disk.fitted = job.body.number;
        this.fits += 1;
        return { kind: "fitted" };
      case "evaluate":
        disk.scored = scoreOf(job.body.number);
        return { kind: "evaluated", scored: scoreOf(job.body.number) };
      case "report":
        expect(this.session.connected).toBe(true);
        if (job.scored.body !== this.round - 1) return { kind: "refused", reason: "wrong-body" };
        return { kind: "reported", body: job.scored.body };
      case "fetch":
        expect(this.session.connected).toBe(true);
        expect(job.body.number).toBe(this.round - 1); // [V60]
        return { kind: "fetched", id: job.body.id };
      case "train": {
        const { round, body, homeRound: from, ahead } = job.order;
        const isCurrent = this.session.announcement?.body.id === body.id;
        if (isCurrent && this.phase !== "closing") expect(this.session.scored?.id).toBe(body.id); // [V5]
        if (isCurrent && this.session.overlap) expect(this.session.fetched).toBe(body.id); // [V60]
        // [V54] One round ahead at most, from a delta that may still count.
        if (ahead === null) expect(body.number).toBe(round - 1);
        else expect([body.number, from, round - this.round <= 1]).toEqual([round - 2, round - 1, true]);
        expect(this.accepted.has(round)).toBe(false); // [V6]
        expect(this.leftOut.has(round)).toBe(false); // [V11]
        // [V9] it begins from home tensors that are there: of a stored delta, or the device's own
        expect([disk.home, ...disk.deltas.map(({ pending }) => pending.round)]).toContain(from);
        // [V20] On a body that was trained nothing begins from the first words.
        if (body.number > 0 && from === 0) expect(disk.fitted).not.toBeNull();
        if (disk.deltas.length > 0) this.ahead += 1;
        const pending = { ...deltaOf(round), ...(ahead === null ? {} : { body: body.number }) };
        disk.deltas.push({ pending, from });
        return { kind: "trained", pending, homeRound: from };
      }
      case "send": {
        expect(this.session.connected).toBe(true); // [V13]
        const { round, body = round - 1 } = job.pending;
        const isOpen = this.phase === "training" && round === this.round;
        if (isOpen && body < this.oldest() && !this.accepted.has(round))
          return { kind: "refused", reason: "stale" };
        if (isOpen && body < round - 1) this.eager += 1;
        if (isOpen) this.accepted.add(round);
        return this.accepted.has(round)
          ? { kind: "accepted", round }
          : { kind: "refused", reason: "wrong-round" };
      }
      case "review": {
        const { delta } = job;
        expect(this.reviewed.has(delta)).toBe(false); // [V67]
        this.reviewed.add(delta);
        return { kind: "reviewed", delta, verdict: { ...verdictOf(0), delta } };
      }
      case "tell":
        expect(this.session.connected).toBe(true);
        this.verdicts.add(job.verdict.delta);
        return { kind: "told" };
      case "settle": {
        const { round } = job.pending;
        const [oldest] = disk.deltas;
        expect(oldest?.pending.round).toBe(round); // [V9] by round
        expect(job.accepted).toBe(this.accepted.has(round));
        if (job.accepted) {
          expect(oldest!.from).toBe(disk.home); // [V9] what it built on is this device's own
          disk.home = round;
          disk.rounds += 1;
        }
        disk.deltas.shift();
        return { kind: "settled", round, accepted: job.accepted };
      }
      default:
        throw new Error(`not expected: ${job?.kind}`);
    }
  }

  act(act: Act): void {
    const { compute, line } = this.jobs();
    if (act === "compute" || act === "line") this.work(act);
    else if (act === "fail" && compute?.kind === "review") {
      this.reviewed.add(compute.delta);
      this.tell({ kind: "reviewed", delta: compute.delta, verdict: null }); // [V69]
    } else if (act === "fail" && (compute ?? line) !== null)
      this.tell({ kind: "failed", lane: compute === null ? "line" : "compute", message: "no" });
    else if (act === "device-lost" && this.session.prepared) this.lose();
    else if (act === "not-finite" && compute?.kind === "train") {
      this.leftOut.add(compute.order.round);
      this.tell({ kind: "not-finite", round: compute.order.round, message: "NaN" });
    } else if (act === "cut") this.tell({ kind: "disconnected" });
    else if (act === "back") this.back();
    else if (act === "reload") this.reload();
    else if (act === "open") this.move("training");
    else if (act === "next") {
      this.move("closing");
      this.move("training");
    } else if (act === "close" && this.phase === "training") this.move("closing");
    else if (act === "gather" && this.phase === "closing") this.move("gathering");
    else if (act === "lapse" && this.phase === "training" && !this.accepted.has(this.round)) {
      this.phase = "gathering";
      this.announce();
    } else if (act === "undo" && this.phase !== "closing") {
      this.backAt = this.round;
      this.round += 1;
      this.phase = "gathering";
      this.announce();
    } else if (act === "wait") this.now += 1500;
  }

  lose(): void {
    const { review } = this.session.announcement ?? {};
    if (review !== undefined) this.reviewed.add(review.delta);
    this.tell({ kind: "device-lost", message: "gone" });
  }

  reload(): void {
    this.session = { ...firstSession, overlap: this.session.overlap };
    this.reviewed.clear();
    this.leftOut.clear(); // a page that was closed may try such a round once more
    this.tell({ kind: "contribute" });
    this.back();
  }
}

test.each([
  ["one lane at a time", false],
  ["two lanes", true],
] as const)(
  "[V1-V6] [V9] [V11-V13] [V18] [V20] [V54] [V56-V58] [V60] [V67] [V69] %s: whatever happens, no delta is lost or made twice, and the next round is trained",
  (_, overlap) => {
    let [ahead, eager, fits, verdicts] = [0, 0, 0, 0];
    fc.assert(
      fc.property(fc.array(acts, { minLength: 20, maxLength: 120 }), (script) => {
        const world = new World(overlap);
        for (const act of script) world.act(act);
        expect(world.disk.rounds).toBe(world.accepted.size - unsettled(world));
        ahead += world.ahead;
        eager += world.eager;
        fits += world.fits;
        verdicts += world.verdicts.size;

        // Quiet comes: the line is back, time passes, a new round opens. The one before it may have been left out ahead.
        for (const _ of [1, 2]) {
          world.move("closing");
          world.move("training");
          world.back();
          world.now += 60_000;
          for (let i = 0; i < 18; i++) {
            world.work("line");
            world.work("compute");
          }
        }
        expect(world.accepted.has(world.round)).toBe(true);
        // [V57] One that went ahead waits for its round.
        expect(world.session.queue.filter(({ pending }) => pending.round <= world.round)).toEqual([]);
        expect(world.session.queue.length).toBeLessThanOrEqual(overlap ? 1 : 0);
        expect(world.disk.rounds).toBe(world.accepted.size);
        expect(world.session.roundsContributed).toBe(world.accepted.size);
      }),
      { numRuns: 400 },
    );
    expect(fits).toBeGreaterThan(0);
    expect(verdicts).toBeGreaterThan(0);
    if (overlap) expect(Math.min(ahead, eager)).toBeGreaterThan(0);
    else expect([ahead, eager]).toEqual([0, 0]);
  },
);

/** Accepted deltas that this device has not settled yet. */
function unsettled({ disk, accepted }: World): number {
  return disk.deltas.filter(({ pending }) => accepted.has(pending.round)).length;
}
