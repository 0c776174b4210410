// When this coordinator was last alive: written every few seconds, so that after a crash the time in which it was
// down is known, and does not count against a round [C12].

import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { Millis } from "@homebody/base";
import type { Clock } from "@homebody/clock";

const everyMs = 2000;

export async function lastAlive(dataDir: string, otherwise: Millis): Promise<Millis> {
  try {
    const value = Number(await readFile(join(dataDir, "alive"), "utf8"));
    return Number.isFinite(value) && value > 0 ? (value as Millis) : otherwise;
  } catch {
    return otherwise; // a file that a crash left empty says as little as none
  }
}

export function stayAlive(dataDir: string, clock: Clock): { stop(): Promise<void> } {
  const say = () => writeFile(join(dataDir, "alive"), String(clock.now())).catch(() => {});
  let last: Promise<unknown> = say();
  const stop = clock.every(everyMs, () => {
    last = say();
  });
  return {
    async stop() {
      stop();
      await last;
      await say();
    },
  };
}
