// What a study says while it runs: on a terminal one line that changes, in a file a line for each job that ends.

import type { Progress } from "./runner.ts";

export interface ProgressLine {
  say(text: string): void;
  show(progress: Progress): void;
  end(): void;
}

const sayMs = 250;

export function progressLine(to: Pick<NodeJS.WriteStream, "write" | "isTTY" | "columns">): ProgressLine {
  let saidAt = 0;
  const clear = () => to.isTTY && to.write("\r\x1b[2K");
  return {
    say: (text) => {
      clear();
      to.write(`${text}\n`);
    },
    show: ({ done, of, secondsLeft, running, ended }) => {
      const now = Date.now();
      if (ended === null && (!to.isTTY || now - saidAt < sayMs)) return;
      saidAt = now;
      const left = done === of ? "done" : `about ${timeOf(secondsLeft)} left`;
      const count = `${done} of ${of} jobs, ${left}`;
      if (ended !== null) {
        clear();
        to.write(`${count}: ${ended.id} in ${timeOf(ended.seconds)}\n`);
      }
      if (!to.isTTY) return;
      const under = running.map(({ job, share }) => `${job} ${Math.round(100 * share)} %`);
      to.write(`\r\x1b[2K${[count, ...under].join(", ").slice(0, (to.columns || 80) - 1)}`);
    },
    end: clear,
  };
}

/** `40 s`, `12 min`, `3 h 05 min`. */
export function timeOf(seconds: number): string {
  if (seconds < 90) return `${Math.max(1, Math.round(seconds))} s`;
  const minutes = Math.round(seconds / 60);
  if (minutes < 120) return `${minutes} min`;
  return `${Math.floor(minutes / 60)} h ${String(minutes % 60).padStart(2, "0")} min`;
}
