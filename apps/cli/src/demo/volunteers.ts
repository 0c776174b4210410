// Volunteers on this machine, each a process of its own with a folder of its own: what they say goes into a file,
// and one that dies is started again, later each time.

import { type ChildProcess, spawn } from "node:child_process";
import { closeSync, mkdirSync, openSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { secretFiles } from "@homebody/volunteer/node";

export interface LocalVolunteers {
  /** Resolves when all are gone; those that do not go within ten seconds are killed. */
  stop(): Promise<void>;
}

const main = fileURLToPath(new URL("../main.ts", import.meta.url));
const firstRetryMs = 1000;
const longestRetryMs = 60_000;
const patienceMs = 10_000;

export function startVolunteers(
  sources: readonly string[],
  { count, url, dataDir }: { readonly count: number; readonly url: string; readonly dataDir: string },
): LocalVolunteers {
  const folder = join(dataDir, "volunteers");
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const running = new Set<ChildProcess>();
  const retries = new Set<NodeJS.Timeout>();
  let stopping = false;

  function start(n: number, retryMs: number): void {
    const home = join(folder, String(n));
    const log = openSync(join(folder, `${n}.log`), "a");
    const source = sources[(n - 1) % sources.length]!;
    const args = [main, "volunteer", url, "--source", source, "--backend", "wasm", "--threads", "1"];
    const child = spawn(process.execPath, [...process.execArgv, ...args, "--data", home], {
      // An IPC channel, so that it ends with us; a group of its own, so that Ctrl-C is ours to pass on.
      stdio: ["ignore", log, log, "ipc"],
      detached: true,
    });
    closeSync(log); // the child has its own
    running.add(child);
    child.on("exit", (code) => {
      running.delete(child);
      if (stopping || code === 0) return;
      const retry = setTimeout(() => {
        retries.delete(retry);
        start(n, Math.min(retryMs * 2, longestRetryMs));
      }, retryMs);
      retries.add(retry);
    });
  }

  for (let n = 1; n <= count; n++) {
    // They are the host's own, who has their words anyway: a run that is repeated gives the same bodies.
    const home = join(folder, String(n));
    mkdirSync(home, { recursive: true, mode: 0o700 });
    writeFileSync(join(home, secretFiles.words), n.toString(16).padStart(64, "0"), { mode: 0o600 });
    start(n, firstRetryMs);
  }

  return {
    stop: async () => {
      stopping = true;
      for (const retry of retries) clearTimeout(retry);
      await Promise.all([...running].map(ended));
    },
  };
}

function ended(child: ChildProcess): Promise<void> {
  return new Promise((resolve) => {
    const late = setTimeout(() => child.kill("SIGKILL"), patienceMs);
    child.on("exit", () => {
      clearTimeout(late);
      resolve();
    });
    child.kill("SIGTERM");
  });
}
