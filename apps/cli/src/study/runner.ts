// Runs a study's jobs on several workers. What is done stays done: a result that is stored is not made again, and a
// study that was killed goes on with the jobs that have none.

import { type Job, type JobResult, nextJob, requireOrder } from "./job.ts";

/** One thread of computation; one job at a time. */
export interface Worker {
  /** Rejects with what went wrong; `progress`: the share of the job that is done. */
  perform(job: Job, progress: (share: number) => void): Promise<JobResult>;
  close(): Promise<void>;
}

/** Where results are kept. A write is whole or not at all. */
export interface Results {
  read(id: string): Promise<JobResult | undefined>;
  write(result: JobResult): Promise<void>;
  log(event: LogEvent): Promise<void>;
}

export type LogEvent =
  | { readonly event: "planned"; readonly jobs: number; readonly tokens: number; readonly seconds: number }
  | { readonly event: "started"; readonly job: string }
  | { readonly event: "done"; readonly job: string; readonly seconds: number }
  | { readonly event: "failed"; readonly job: string; readonly message: string };

export interface Progress {
  readonly done: number;
  readonly of: number;
  readonly secondsLeft: number;
  /** What each worker is at. */
  readonly running: readonly { readonly job: string; readonly share: number }[];
  /** The job that this is said about, where one has just ended. */
  readonly ended: JobResult | null;
}

export interface RunInputs {
  readonly workers: readonly Worker[];
  readonly results: Results;
  /** What a job is expected to take on one of the workers while all are busy. */
  readonly secondsOf: (job: Job) => number;
  readonly progress: (progress: Progress) => void;
  readonly signal: AbortSignal;
}

/** By id. Throws an AbortError when the signal aborts, and the first failure of a job after the others have ended. */
export async function runJobs(
  jobs: readonly Job[],
  { workers, results, secondsOf, progress, signal }: RunInputs,
): Promise<ReadonlyMap<string, JobResult>> {
  requireOrder(jobs);
  const made = new Map<string, JobResult>();
  for (const { id } of jobs) {
    const kept = await results.read(id);
    if (kept !== undefined) made.set(id, kept);
  }
  const running = new Map<string, { readonly job: Job; share: number }>();
  const waiting: (() => void)[] = [];
  const failures: unknown[] = [];
  /** How much longer than expected jobs with a model take, by those that this call has seen from begin to end. */
  let [expected, taken] = [0, 0];

  function tell(ended: JobResult | null): void {
    let seconds = 0;
    for (const job of jobs)
      if (!made.has(job.id)) seconds += secondsOf(job) * (1 - (running.get(job.id)?.share ?? 0));
    const pace = expected > 0 ? taken / expected : 1;
    progress({
      done: made.size,
      of: jobs.length,
      secondsLeft: (seconds * pace) / workers.length,
      running: [...running.values()].map(({ job, share }) => ({ job: job.id, share })),
      ended,
    });
  }

  async function work(worker: Worker): Promise<void> {
    while (failures.length === 0 && !signal.aborted && made.size < jobs.length) {
      const job = nextJob(jobs, new Set(made.keys()), new Set(running.keys()), secondsOf);
      if (job === null) {
        if (running.size === 0) return;
        await new Promise<void>((resolve) => waiting.push(resolve));
        continue;
      }
      const now = { job, share: 0 };
      running.set(job.id, now);
      try {
        await results.log({ event: "started", job: job.id });
        const result = await worker.perform(job, (share) => {
          now.share = share;
          tell(null);
        });
        await results.write(result);
        made.set(job.id, result);
        if (job.loads.length > 0) {
          expected += secondsOf(job);
          taken += result.seconds;
        }
        running.delete(job.id);
        await results.log({ event: "done", job: job.id, seconds: result.seconds });
        tell(result);
      } catch (error) {
        running.delete(job.id);
        if (!signal.aborted) {
          const message = error instanceof Error ? error.message : String(error);
          await results.log({ event: "failed", job: job.id, message });
          failures.push(error);
        }
      } finally {
        for (const wake of waiting.splice(0)) wake();
      }
    }
  }

  await Promise.all(workers.map(work));
  if (failures.length > 0) throw failures[0];
  signal.throwIfAborted();
  return made;
}
