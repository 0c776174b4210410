// The one place where a run's state lives in this process: commands go in one at a time, facts come out, durable
// first and only then believed.
//
// Each command is decided against the state that all earlier ones left, its facts are appended to the journal
// (the expected sequence number is the lock against a second coordinator), and then folded into state and
// figures. A tick follows each command, until nothing more is due. This file performs; it decides nothing.

import { type Millis, oneByOne, type Sha256, together } from "@homebody/base";
import { type Cancel, type Clock, pulse } from "@homebody/clock";
import {
  type Accept,
  acceptTogether,
  type Command,
  type Decision,
  decide,
  type Entry,
  type Fact,
  type Figures,
  followRun,
  nextTimer,
  type ReadyVolunteers,
  type RunFold,
  type RunState,
} from "@homebody/coordinator";
import type { Journal } from "@homebody/store/ports";
import type { Faults } from "../faults.ts";
import { appending, givesWay } from "./appending.ts";

export interface ActorInputs {
  readonly journal: Journal;
  /** The actor's from here on. */
  readonly run: RunFold;
  readonly clock: Clock;
  /** How often it is seen whether time passed in which nobody was here [C43]; never, unless it is given. */
  readonly beatMs?: number | undefined;
  readonly ready: () => ReadyVolunteers;
  readonly faults: Faults;
  /** Awaited before facts are appended: makes durable the blobs that they name. */
  readonly beforehand: (facts: readonly Fact[]) => Promise<void>;
  /** Facts that were appended, in order, with the state after them, and the blobs that are in use no more. */
  readonly appended: (entries: readonly Entry[], state: RunState, over: readonly Sha256[]) => void;
  /** Awaited after each append, before anything else happens to the run. */
  readonly afterwards: (entries: readonly Entry[], state: RunState) => Promise<void>;
  /** The journal or our own code failed: this run cannot go on in this process. */
  readonly failed: (error: unknown) => void;
  /** The world's fault, and it may pass: the tick is tried again. */
  readonly troubled: (error: unknown) => void;
}

export interface Actor {
  state(): RunState;
  figures(): Figures;
  /** The last entry of the journal. */
  seq(): number;
  /** Resolves when the command's facts are durable; rejects when the journal could not take them. */
  do(command: Command): Promise<Decision>;
  /** From now on whatever is due is done: not before deadlines were moved by the time of being down [C12]. */
  start(): void;
  /** Whatever is due, is done. */
  tick(): void;
  /** No further command is taken; resolves when those under way are done. */
  close(): Promise<void>;
}

const retryMs = 1000;

/** Whether a body is to be made after it [C3]. */
const leavesClosing = ({ kind }: Fact) => kind === "closed" || kind === "undone";

export function startActor(inputs: ActorInputs): Actor {
  const { run, clock, ready, faults, appended } = inputs;
  const { state, figures } = run;
  const journal = appending(inputs.journal, state.manifest);
  const heart = inputs.beatMs === undefined ? undefined : pulse(clock, inputs.beatMs);
  /** That no fact tells of yet. */
  let missedMs = 0;
  let cancelTimer: Cancel = () => {};
  let cancelBeat: Cancel = () => {};
  /** What the timer is set for. */
  let timed: Millis | null = null;
  let ticking = false;
  let started = false;
  let closed = false;

  const enqueue = oneByOne();

  async function step(command: Command): Promise<Decision> {
    const [decision] = await stepBy((now) => [decide(state, command, now)]);
    return decision!;
  }

  /** Decides, against the state that all earlier commands left; the facts of all decisions are appended at once. */
  async function stepBy(decideAt: (now: Millis) => readonly Decision[]): Promise<readonly Decision[]> {
    if (closed) throw new Error("the run is closed");
    const late = await orGiveWay(journal.lookUp);
    if (late.length > 0) await happened(late);
    lookForGap();
    if (missedMs !== 0) await comeBack();
    const now = clock.now();
    const decisions = decideAt(now);
    const facts = decisions.flatMap((decision) => (decision.ok ? decision.facts : []));
    if (facts.length > 0) await append(facts, now);
    return decisions;
  }

  /** A tick follows: asked for now it comes after this command; asked for before, it might have come before it. */
  async function thenTick<T>(work: () => Promise<T>): Promise<T> {
    try {
      return await work();
    } finally {
      tick();
    }
  }

  // [C67] Deltas that come while others are written wait for one append together.
  const acceptInTurn = together(enqueue, (commands: readonly Accept[]) =>
    thenTick(() => stepBy(() => acceptTogether(state, commands))),
  );

  function lookForGap(): void {
    missedMs += heart?.missed() ?? 0;
  }

  /** As after a restart: before anything else is decided, or a deadline would pass that nobody could keep. */
  async function comeBack(): Promise<void> {
    const now = clock.now();
    const gapMs = missedMs;
    const decision = decide(state, { kind: "restart", aliveAt: (now - gapMs) as Millis }, now);
    if (decision.ok && decision.facts.length > 0) await append(decision.facts, now);
    missedMs -= gapMs;
  }

  /** To another coordinator that writes to the run [C41]. */
  async function orGiveWay<T>(work: () => Promise<T>): Promise<T> {
    try {
      return await work();
    } catch (error) {
      if (givesWay(error)) {
        closed = true;
        inputs.failed(error);
      }
      throw error;
    }
  }

  async function append(facts: readonly Fact[], now: Millis): Promise<void> {
    if (facts.some(leavesClosing)) await faults("close:before");
    await inputs.beforehand(facts);
    const entries = facts.map((fact, i): Entry => ({ seq: figures.seq + 1 + i, at: now, fact }));
    await orGiveWay(() => journal.append(entries));
    await happened(entries);
  }

  /** Facts that are durable. */
  async function happened(entries: readonly Entry[]): Promise<void> {
    const closing = entries.some(({ fact }) => leavesClosing(fact));
    const over = followRun(run, entries);
    appended(entries, state, over);
    if (closing) await faults("close:after-fact");
    await inputs.afterwards(entries, state);
  }

  async function doWhatIsDue(): Promise<void> {
    ticking = false;
    if (closed) return;
    for (let stride = 0; stride < 10; stride++) {
      const decision = await step({ kind: "tick", ready: ready() });
      if (!decision.ok || decision.facts.length === 0) break;
    }
    setTimer(nextTimer(state, clock.now()));
  }

  function setTimer(due: Millis | null): void {
    if (due === timed) return;
    cancelTimer();
    timed = due;
    if (due !== null && !closed) cancelTimer = clock.after(due - clock.now(), timeIsUp);
  }

  function timeIsUp(): void {
    timed = null;
    tick();
  }

  function tick(): void {
    if (!started || ticking || closed) return;
    ticking = true;
    enqueue(doWhatIsDue).catch((error) => {
      if (closed) return;
      inputs.troubled(error);
      setTimer((clock.now() + retryMs) as Millis);
    });
  }

  return {
    state: () => state,
    figures: figures.now,
    seq: () => figures.seq,
    do: (command) =>
      command.kind === "accept" ? acceptInTurn(command) : enqueue(() => thenTick(() => step(command))),
    start() {
      started = true;
      if (inputs.beatMs !== undefined)
        cancelBeat = clock.every(inputs.beatMs, () => {
          lookForGap();
          if (missedMs !== 0) tick();
        });
      tick();
    },
    tick,
    async close() {
      cancelBeat();
      await enqueue(async () => {
        closed = true;
      });
      cancelTimer();
    },
  };
}
