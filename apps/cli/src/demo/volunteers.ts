// Volunteers on this machine, each a process of its own with a folder of its own: what they say goes into a file,
// and one that dies is started again, later each time. One that ends with a mistake (exit code 2) is not: it would make it again.

import { type ChildProcess, spawn } from "node:child_process";
import { closeSync, mkdirSync, openSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { InputError } from "@homebody/base";
import { secretFiles } from "@homebody/volunteer/node";
import { ended } from "../ending.ts";

export interface LocalVolunteers {
  /** Rejects with an InputError when one has ended with a mistake; it does not resolve. */
  readonly failed: Promise<never>;
  /** Resolves when all are gone; those that do not go within ten seconds are killed. */
  stop(): Promise<void>;
}

const main = fileURLToPath(new URL("../main.ts", import.meta.url));
const firstRetryMs = 1000;
const longestRetryMs = 60_000;
const patienceMs = 10_000;

export function startVolunteers(
  sources: readonly string[],
  {
    count,
    url,
    dataDir,
    texts = new Map(),
  }: {
    readonly count: number;
    readonly url: string;
    readonly dataDir: string;
    /** What is brought, by source. */
    readonly texts?: ReadonlyMap<string, readonly string[]>;
  },
): LocalVolunteers {
  const folder = join(dataDir, "volunteers");
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const running = new Set<ChildProcess>();
  const retries = new Set<NodeJS.Timeout>();
  let stopping = false;
  let fail: (error: InputError) => void = () => {};
  const failed = new Promise<never>((_, reject) => {
    fail = reject;
  });
  failed.catch(() => {}); // whoever waits for it hears of it

  function start(n: number, retryMs: number): void {
    const home = join(folder, String(n));
    const logPath = join(folder, `${n}.log`);
    const log = openSync(logPath, "a");
    const source = sources[(n - 1) % sources.length]!;
    const args = [main, "volunteer", url, "--source", source, "--backend", "wasm", "--threads", "1"];
    const brought = (texts.get(source) ?? []).flatMap((path) => ["--text", path]);
    const child = spawn(process.execPath, [...process.execArgv, ...args, ...brought, "--data", home], {
      // An IPC channel, so that it ends with us; a group of its own, so that Ctrl-C is ours to pass on.
      stdio: ["ignore", log, log, "ipc"],
      detached: true,
    });
    closeSync(log); // the child has its own
    running.add(child);
    child.on("exit", (code) => {
      running.delete(child);
      if (stopping || code === 0) return;
      if (code === 2)
        return fail(new InputError(`volunteer of ${source}`, "one that takes part", lastLine(logPath)));
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
    failed,
    stop: async () => {
      stopping = true;
      for (const retry of retries) clearTimeout(retry);
      await Promise.all([...running].map((child) => ended(child, patienceMs)));
    },
  };
}

const lastLine = (path: string) => readFileSync(path, "utf8").trimEnd().split("\n").at(-1) ?? "nothing";
