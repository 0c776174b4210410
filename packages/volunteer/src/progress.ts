// How far it is: the task that is shown, how fast it trains, and once in a while a word to the coordinator.

import type { Millis } from "@homebody/base";
import type { Progress, Stage } from "@homebody/protocol";
import type { Job } from "./jobs.ts";
import type { Clock } from "./ports.ts";
import type { Task } from "./view.ts";
import type { LocalStep } from "./work.ts";

export interface ProgressRoom {
  /** Kept from job to job, so that no wait is shown where there is none. */
  task(): Task | null;
  /** Local steps of a round that were made here, of how many that it will make; null before there are any. */
  reached(round: number): Reached | null;
  /** Since when nothing is computed. */
  waitingSince(): Millis;
  tokensPerSecond(): number | null;
  /** `job`: what works on it; the same kind of another job begins anew. */
  report(task: Omit<Task, "startedAt">, job: Job): void;
  stepped(step: LocalStep): void;
  /** A job begins or has ended, or the connection was lost. */
  restart(): void;
  idle(): void;
}

export interface Reached {
  readonly step: number;
  readonly of: number;
}

export interface ProgressInputs {
  readonly clock: Clock;
  /** How far apart words to the coordinator are, as it asked. */
  readonly apartMs: () => number;
  /** To the coordinator; it may be lost. False: there is nobody to tell. */
  readonly tell: (progress: Omit<Progress, "round">) => boolean;
}

export function createProgress({ clock, apartMs, tell }: ProgressInputs): ProgressRoom {
  let task: Task | null = null;
  let worker: Job | undefined;
  let last = { round: 0, step: 0, of: 0 };
  let waitingSince = clock.now();
  let tokensPerSecond: number | null = null;
  let loss: number | null = null;
  let saidAt = 0;

  function say(): void {
    if (clock.elapsed() - saidAt < apartMs()) return;
    const { done: step = 0, of = 0 } = task ?? {};
    if (tell({ stage: stageOf(task), step, of, loss, tokensPerSecond })) saidAt = clock.elapsed();
  }

  return {
    task: () => task,
    reached: (round) => (last.round === round ? { step: last.step, of: last.of } : null),
    waitingSince: () => waitingSince,
    tokensPerSecond: () => tokensPerSecond,
    report: (next, job) => {
      const same = task !== null && task.kind === next.kind && worker === job;
      worker = job;
      if (next.kind === "train" && job.kind === "train")
        last = { round: job.order.round, step: next.done, of: next.of };
      task = { ...next, startedAt: same ? task!.startedAt : clock.now() };
      say();
    },
    stepped: ({ loss: latest, tokens, ms }) => {
      const speed = (1000 * tokens) / Math.max(ms, 1e-3);
      tokensPerSecond = tokensPerSecond === null ? speed : 0.8 * tokensPerSecond + 0.2 * speed;
      loss = latest;
      say();
    },
    restart: () => {
      waitingSince = clock.now();
    },
    idle: () => {
      task = null;
    },
  };
}

function stageOf(task: Task | null): Stage {
  switch (task?.kind) {
    case undefined:
      return "wait";
    case "download-body":
    case "download-delta":
      return "download";
    case "report":
    case "review":
      return "evaluate";
    case "evaluate":
    case "train":
    case "encode":
    case "send":
      return task!.kind as Stage;
    case "save":
      return "encode";
    default:
      return "prepare";
  }
}
