// What a study says while it runs, on the commands' own line of progress; a job that ends leaves a line.

import { progressLine } from "../progress-line.ts";
import type { Progress } from "./runner.ts";

const showMs = 250;

export function studyProgress() {
  const line = progressLine();
  let shownAt = 0;

  /** Above the line that changes. */
  function say(text: string): void {
    process.stderr.write(line.live ? `\r\x1b[2K${text}\n` : `${text}\n`);
  }

  function show({ done, of, secondsLeft, running, ended }: Progress): void {
    const left = done === of ? "done" : `about ${timeOf(secondsLeft)} left`;
    const count = `${done} of ${of} jobs, ${left}`;
    if (ended !== null) say(`${count}: ${ended.id} in ${timeOf(ended.seconds)}`);
    const now = Date.now();
    if (!line.live || now - shownAt < showMs) return;
    shownAt = now;
    line.show([count, ...running.map(({ job, share }) => `${job} ${Math.round(100 * share)} %`)].join(", "));
  }

  return { say, show, end: line.end };
}

/** `40 s`, `12 min`, `3 h 05 min`. */
export function timeOf(seconds: number): string {
  if (seconds < 90) return `${Math.max(1, Math.round(seconds))} s`;
  const minutes = Math.round(seconds / 60);
  if (minutes < 120) return `${minutes} min`;
  return `${Math.floor(minutes / 60)} h ${String(minutes % 60).padStart(2, "0")} min`;
}
