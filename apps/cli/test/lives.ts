// Processes of a run that die in tests of recovery, and what is asked of a coordinator that may be dead.

import { type ChildProcess, spawn } from "node:child_process";
import { createServer as createProbe } from "node:net";
import { join } from "node:path";
import type { Entry } from "@homebody/coordinator";

export interface Life {
  readonly process: ChildProcess;
  readonly dead: Promise<NodeJS.Signals | null>;
}

/** Of a TypeScript file. */
export function live(file: string, args: readonly string[], env: NodeJS.ProcessEnv = {}): Life {
  const child = spawn(process.execPath, ["--import", "tsx", file, ...args], {
    env: { ...process.env, ...env },
    stdio: ["ignore", "ignore", "inherit"],
  });
  const dead = new Promise<NodeJS.Signals | null>((resolve) =>
    child.on("exit", (_, signal) => resolve(signal)),
  );
  return { process: child, dead };
}

export async function kill({ process, dead }: Life): Promise<void> {
  process.kill("SIGKILL");
  await dead;
}

/** The coordinator of a run folder. `fault`: the point at which it kills itself. */
export function coordinator(folder: string, port: number, fault = ""): Life {
  const main = join(import.meta.dirname, "..", "src", "main.ts");
  const args = ["serve", join(folder, "run.yaml"), "--data", join(folder, "data"), "--port", String(port)];
  return live(main, args, { HOMEBODY_FAULT: fault, LOG_LEVEL: "silent" });
}

export async function journalOf(url: string): Promise<Entry[]> {
  const entries: Entry[] = [];
  for (;;) {
    const response = await fetch(`${url}/api/journal?after=${entries.length}&limit=5000`);
    const page = (await response.json()) as { entries: Entry[]; last: number };
    entries.push(...page.entries);
    if (entries.length >= page.last) return entries;
  }
}

/** Asks until it holds; undefined when the server died before. */
export async function until<T>(life: Life, ask: () => Promise<T | undefined>): Promise<T | undefined> {
  let alive = true;
  void life.dead.then(() => {
    alive = false;
  });
  while (alive) {
    const found = await ask().catch(() => undefined);
    if (found !== undefined) return found;
    await pause(20);
  }
  return undefined;
}

export const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

export function freePort(): Promise<number> {
  return new Promise((resolve) => {
    const probe = createProbe().listen(0, "127.0.0.1", () => {
      const { port } = probe.address() as { port: number };
      probe.close(() => resolve(port));
    });
  });
}
