// A study as data: jobs, what each waits for, and what each will cost. Nothing here runs anything.

import { InputError } from "@homebody/base";
import type { Work } from "./work.ts";

/** Tokens that go through a model with so many rows of vocabulary: trained ones; evaluated ones count a third. */
export interface Load {
  readonly vocabulary: number;
  readonly tokens: number;
}

export interface Job {
  /** Path-like: `trained/glob/1`. Its result is stored under it. */
  readonly id: string;
  /** Jobs whose results it reads. */
  readonly after: readonly string[];
  readonly work: Work;
  readonly loads: readonly Load[];
}

/** One number of a study, in the form of a tidy table: a row a number. */
export interface Row {
  readonly arm: string;
  readonly seed: number;
  /** What was done when it was measured: `trained`, `adapted`, ... */
  readonly phase: string;
  /** On which source's text; null where it is of the arm as a whole. */
  readonly source: string | null;
  /** Steps of this phase that were made. */
  readonly step: number;
  readonly measure: string;
  readonly value: number;
}

export interface JobResult {
  readonly id: string;
  readonly rows: readonly Row[];
  /** Ids of bodies and the like: what a result can be traced to. */
  readonly provenance: Readonly<Record<string, string>>;
  readonly seconds: number;
}

/** The measure of what a volunteer sends in a round, messages around it apart. */
export const deltaBytes = "bytes of a delta";

/** Evaluating has no backward pass, which is two thirds of a step. */
export const evaluatedShare = 1 / 3;

/** A token that is read by itself takes about as long as so many in a training step. */
export const tokenAlone = 12;

export function totalTokens(jobs: readonly Job[]): number {
  return jobs.reduce((sum, { loads }) => sum + loads.reduce((all, { tokens }) => all + tokens, 0), 0);
}

/** Throws where a job waits for one that is not there, for itself in the end, or has an id that another one has. */
export function requireOrder(jobs: readonly Job[]): void {
  const left = new Map(jobs.map((job) => [job.id, job]));
  if (left.size < jobs.length) throw new InputError("study", "each job once", "one twice");
  for (const { id, after } of jobs)
    for (const other of after)
      if (!left.has(other)) throw new InputError(`job ${id}`, `a job ${other}`, "none");
  while (left.size > 0) {
    const due = [...left.values()].filter(({ after }) => !after.some((other) => left.has(other)));
    if (due.length === 0) throw new InputError("study", "jobs in an order", [...left.keys()].join(", "));
    for (const { id } of due) left.delete(id);
  }
}

/** The job to start next: of those whose inputs are there, the one with the most work still behind it. Null: none. */
export function nextJob(
  jobs: readonly Job[],
  done: ReadonlySet<string>,
  running: ReadonlySet<string>,
  secondsOf: (job: Job) => number,
): Job | null {
  const due = jobs.filter(
    ({ id, after }) => !done.has(id) && !running.has(id) && after.every((other) => done.has(other)),
  );
  const behind = secondsBehind(jobs, secondsOf);
  return due.reduce<Job | null>(
    (best, job) => (best === null || behind(job.id) > behind(best.id) ? job : best),
    null,
  );
}

/** Seconds from a job's start to the end of the longest chain that waits for it: the critical path. */
function secondsBehind(jobs: readonly Job[], secondsOf: (job: Job) => number): (id: string) => number {
  const byId = new Map(jobs.map((job) => [job.id, job]));
  const waiting = new Map<string, string[]>();
  for (const { id, after } of jobs)
    for (const other of after) waiting.set(other, [...(waiting.get(other) ?? []), id]);
  const known = new Map<string, number>();
  const behind = (id: string): number => {
    const seen = known.get(id);
    if (seen !== undefined) return seen;
    const seconds = secondsOf(byId.get(id)!) + Math.max(0, ...(waiting.get(id) ?? []).map(behind));
    known.set(id, seconds);
    return seconds;
  };
  return behind;
}
