// A study from its jobs to its report: what it will cost, the work on all cores, and what it leaves.

import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import type { Interrupt } from "../interrupt.ts";
import { folderAt, resultsIn } from "./folder.ts";
import { type Job, totalTokens } from "./job.ts";
import type { Plan } from "./plan.ts";
import { studyProgress, timeOf } from "./progress.ts";
import { runJobs } from "./runner.ts";
import { requireSettings } from "./settings.ts";
import type { Study } from "./studies.ts";
import { type ProcessWorker, startWorker } from "./workers.ts";
import { writeResults } from "./write.ts";

export interface StudyRun {
  readonly study: Study;
  readonly plan: Plan;
  /** Where results go. */
  readonly out: string;
  /** How many workers. */
  readonly workers: number;
  readonly stop: Pick<Interrupt, "signal">;
}

/** Throws an AbortError when it is stopped: what was done by then stays. */
export async function runStudy({ study, plan, out, workers: count, stop }: StudyRun): Promise<void> {
  const folder = folderAt(join(out, study.family));
  await mkdir(folder.path, { recursive: true });
  await requireSettings(folder, plan);
  const jobs = study.jobs(plan);
  const results = resultsIn(folder);
  const workers = Array.from({ length: count }, () => startWorker(folder.path));
  const line = studyProgress();
  const closeAll = () => Promise.all(workers.map((worker) => worker.close()));
  stop.signal.addEventListener("abort", () => void closeAll());
  try {
    const secondsOf = await calibrated(workers, plan, jobs);
    const left: Job[] = [];
    for (const job of jobs) if ((await results.read(job.id)) === undefined) left.push(job);
    const seconds = left.reduce((sum, job) => sum + secondsOf(job), 0) / count;
    const tokens = Math.round(totalTokens(left));
    await results.log({ event: "planned", jobs: left.length, tokens, seconds });
    line.say(
      `${study.name}: ${left.length} of ${jobs.length} jobs to do, ${(tokens / 1e6).toFixed(1)} million tokens, ` +
        `about ${timeOf(seconds)} on ${count} ${count === 1 ? "core" : "cores"}`,
    );
    const progress = line.show;
    const made = await runJobs(jobs, { workers, results, secondsOf, progress, signal: stop.signal });
    await writeResults(study, plan, jobs, made, folderAt(join(out, study.name)));
  } finally {
    line.end();
    await closeAll();
  }
}

/** All workers measure at once, as they will work: cores share memory. Texts, which no model sees, take some seconds. */
async function calibrated(
  workers: readonly ProcessWorker[],
  { scale: { model, batch } }: Plan,
  jobs: readonly Job[],
): Promise<(job: Job) => number> {
  const vocabularies = [...new Set(jobs.flatMap(({ loads }) => loads.map(({ vocabulary }) => vocabulary)))];
  const speeds = await Promise.all(workers.map((worker) => worker.measure(model, batch, vocabularies)));
  const speedOf = (vocabulary: number) =>
    speeds.reduce((sum, own) => sum + own[vocabulary]!, 0) / speeds.length;
  return ({ loads }) =>
    loads.length === 0
      ? secondsOfText
      : loads.reduce((sum, { vocabulary, tokens }) => sum + tokens / speedOf(vocabulary), 0);
}

const secondsOfText = 3;
