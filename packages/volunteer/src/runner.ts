// The runner: two lanes, each with at most one job under way. After every event it asks which jobs are due, gives up
// those that are not due any more, and starts what is; which may run together is the session's to say [V1].

import type { Cancel } from "@homebody/clock";
import { type Job, type Jobs, jobsFor, sameJob } from "./jobs.ts";
import type { Clock } from "./ports.ts";
import { type Lane, lanes, type Session, type SessionEvent } from "./session.ts";

export interface RunnerInputs {
  readonly clock: Clock;
  readonly session: () => Session;
  readonly apply: (event: SessionEvent) => void;
  /** What came of it. One that is given up throws. */
  readonly perform: (job: Job, signal: AbortSignal) => Promise<SessionEvent>;
  /** What a failure means. */
  readonly failed: (job: Job, lane: Lane, error: unknown) => SessionEvent;
  /** Nothing is under way, and nothing is due. */
  readonly idle: () => void;
}

export interface Runner {
  /** After each change of the session. */
  follow(): void;
  isBusy(lane: Lane): boolean;
  /** Gives up what is under way, and resolves when that has ended; nothing is started any more. */
  close(): Promise<void>;
}

interface Running {
  readonly job: Job;
  readonly abort: AbortController;
  readonly ended: Promise<void>;
}

const nothing: Jobs = { compute: null, line: null };

export function createRunner({ clock, session, apply, perform, failed, idle }: RunnerInputs): Runner {
  const running: Partial<Record<Lane, Running>> = {};
  let closed = false;
  let waiting: readonly Cancel[] = [];

  function follow(): void {
    const due = closed ? nothing : jobsFor(session(), clock.now());
    for (const lane of lanes) {
      const own = running[lane];
      if (own !== undefined && !sameJob(own.job, due[lane]))
        own.abort.abort(new DOMException("another job is due", "AbortError"));
    }
    for (const lane of lanes) {
      const job = due[lane];
      const mayStart = session().overlap ? running[lane] === undefined : Object.keys(running).length === 0;
      if (job !== null && mayStart) start(lane, job); // else the end of what runs asks again
    }
    if (Object.keys(running).length === 0) idle();
    waitForRetries();
  }

  function start(lane: Lane, job: Job): void {
    const abort = new AbortController();
    const ended = perform(job, abort.signal).then(
      (event) => {
        delete running[lane];
        apply(event);
      },
      (error: unknown) => {
        delete running[lane];
        if (closed || abort.signal.aborted) follow();
        else apply(failed(job, lane, error));
      },
    );
    running[lane] = { job, abort, ended };
  }

  /** [V12] */
  function waitForRetries(): void {
    for (const cancel of waiting) cancel();
    waiting = closed ? [] : lanes.flatMap(waitForRetry);
  }

  function waitForRetry(lane: Lane): readonly Cancel[] {
    const retryAt = session().failures[lane]?.retryAt;
    if (retryAt == null) return [];
    return [clock.after(retryAt - clock.now(), () => apply({ kind: "retry", lane }))];
  }

  return {
    follow,
    isBusy: (lane) => running[lane] !== undefined,
    close: async () => {
      closed = true;
      waitForRetries();
      const all = Object.values(running);
      for (const { abort } of all) abort.abort(new DOMException("the volunteer closes", "AbortError"));
      await Promise.all(all.map(({ ended }) => ended));
    },
  };
}
