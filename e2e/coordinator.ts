// A real coordinator in a process of its own, to be killed and started again; its run; and a volunteer without a browser.

import { type ChildProcess, spawn } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer as createProbe } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Entry } from "@homebody/coordinator";
import { demoDocuments, demoSources } from "../apps/cli/src/demo/texts.ts";

const mainScript = join(import.meta.dirname, "..", "apps", "cli", "src", "main.ts");

/** The texts as they are served, by source. */
async function writeRun(folder: string, yaml: string, sources: readonly string[]) {
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, "run.yaml"), yaml);
  const texts: Record<string, readonly string[]> = {};
  for (const id of sources) {
    const documents = await demoDocuments(demoSources.find((one) => one.id === id)!);
    texts[id] = documents;
    const lines = documents.map((text) => `${JSON.stringify({ text })}\n`);
    writeFileSync(join(folder, `${id}.jsonl`), lines.join(""));
  }
  return texts;
}

export interface Coordinator {
  readonly port: number;
  readonly url: string;
  /** Ready once it resolves. `fault` is a point at which it kills itself. */
  start(fault?: string): Promise<void>;
  /** Resolves when the process is gone. */
  readonly dead: () => Promise<NodeJS.Signals | null>;
  kill(): Promise<void>;
  journal(): Promise<Entry[]>;
}

/** `options`: of `homebody serve`, beside its folder and port. */
async function coordinator(folder: string, ...options: readonly string[]): Promise<Coordinator> {
  const port = await freePort();
  const url = `http://localhost:${port}`;
  let child: ChildProcess | undefined;
  let dead: Promise<NodeJS.Signals | null> = Promise.resolve(null);
  const journal = async () => {
    const response = await fetch(`${url}/api/journal?limit=5000`);
    return ((await response.json()) as { entries: Entry[] }).entries;
  };
  return {
    port,
    url,
    journal,
    dead: () => dead,
    start: async (fault = "") => {
      const args = ["--import", "tsx", mainScript, "serve", join(folder, "run.yaml")];
      const where = ["--data", join(folder, "data"), "--port", String(port)];
      const env = { ...process.env, HOMEBODY_FAULT: fault, LOG_LEVEL: "warn" };
      const started = spawn(process.execPath, [...args, ...where, ...options], {
        env,
        stdio: ["ignore", "ignore", "inherit"],
      });
      child = started;
      dead = new Promise((resolve) => started.on("exit", (_, signal) => resolve(signal)));
      await until("the coordinator is up", () => journal().catch(() => undefined));
    },
    kill: async () => {
      child?.kill("SIGKILL");
      await dead;
    },
  };
}

/** What is to be taken down after a test, the last first. */
export type Ends = (() => unknown)[];

/** A run in a folder of its own, and its coordinator, which is not started yet. */
export async function hosted(
  ends: Ends,
  yaml: string,
  sources: readonly string[],
  ...options: readonly string[]
) {
  const folder = mkdtempSync(join(tmpdir(), "homebody-e2e-"));
  ends.push(() => rmSync(folder, { recursive: true, force: true }));
  const texts = await writeRun(folder, yaml, sources);
  const server = await coordinator(folder, ...options);
  ends.push(() => server.kill());
  return { folder, texts, server };
}

/** A volunteer on WebAssembly, in a process of its own. */
export function headless(ends: Ends, folder: string, url: string, ...options: readonly string[]): void {
  const args = ["volunteer", url, "--backend", "wasm", "--threads", "1", ...options];
  const volunteer = spawn(
    process.execPath,
    ["--import", "tsx", mainScript, ...args, "--data", join(folder, "volunteer")],
    { stdio: "ignore" },
  );
  ends.push(() => volunteer.kill());
}

/** Asks until there is an answer. */
export async function until<T>(
  what: string,
  ask: () => Promise<T | undefined | false> | T | undefined | false,
  timeoutMs = 60_000,
): Promise<T> {
  const end = Date.now() + timeoutMs;
  for (;;) {
    const found = await ask();
    if (found !== undefined && found !== false) return found;
    if (Date.now() > end) throw new Error(`expected that ${what}; it did not come in ${timeoutMs} ms`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

function freePort(): Promise<number> {
  return new Promise((resolve) => {
    const probe = createProbe().listen(0, "127.0.0.1", () => {
      const { port } = probe.address() as { port: number };
      probe.close(() => resolve(port));
    });
  });
}
