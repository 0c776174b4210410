// A small run at the real server, open to anybody, for adversaries and the honest volunteers beside them.

import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Sha256 } from "@homebody/base";
import { type Entry, readEntry } from "@homebody/coordinator";
import { events } from "@homebody/protocol";
import type { Limits } from "@homebody/service";
import { blobIn } from "../../../../test/blobs.ts";
import { deltaOf } from "../../../../test/deltas.ts";
import { type RunFolderOptions, writeRun } from "../../../../test/run-folder.ts";
import { createServer, type RunningServer, stderrLog } from "../../src/index.ts";
import { type Client, client } from "../client.ts";

export interface OpenRun {
  readonly server: RunningServer;
  meet(name: string): Promise<Client>;
  join(name: string, source: string): Promise<Client>;
  delta(seed: string): Uint8Array;
  /** All of them. */
  entries(): Promise<readonly Entry[]>;
  blob(hash: Sha256): Promise<Uint8Array | undefined>;
  close(): Promise<void>;
}

export async function openRun(options: RunFolderOptions, limits: Partial<Limits> = {}): Promise<OpenRun> {
  const folder = mkdtempSync(join(tmpdir(), "homebody-adversary-"));
  const run = writeRun(folder, { keep: "{ deltaRounds: all }", ...options });
  const dataDir = join(folder, "data");
  const server = await createServer({ run, dataDir, limits, log: stderrLog("silent") });
  const clients: Client[] = [];
  const meet = async (name: string) => {
    const one = await client(server.url, name);
    clients.push(one);
    return one;
  };
  return {
    server,
    meet,
    join: async (name, source) => {
      const one = await meet(name);
      await one.join(source);
      return one;
    },
    delta: (seed) => deltaOf(server.state().manifest, seed),
    entries: async () => {
      const lines = await (await fetch(`${server.url}/api/journal.jsonl`)).text();
      return lines
        .trim()
        .split("\n")
        .map((line) => readEntry(JSON.parse(line)));
    },
    blob: blobIn(dataDir),
    close: async () => {
      for (const one of clients) one.close();
      await server.close();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

/** Evaluates the body that the run has now: the word of the answer. */
export function evaluate(one: Client, { server }: OpenRun, change: object = {}): Promise<string> {
  const { number: body, id } = server.state().body;
  return one.word(events.evaluation, { body, id, nats: 100, tokens: 50, bytes: 60, ...change });
}

/** Waits for a round in which it is assigned; then it evaluates and delivers, once `may` holds: the word of the answer. */
export async function takePart(
  one: Client,
  run: OpenRun,
  round: number,
  may: () => boolean = () => true,
): Promise<string> {
  await one.told((now) => now.kind === "training" && now.round === round && now.assignment !== null);
  await evaluate(one, run);
  await until(may);
  return one.deliver(round, run.delta(`${one.secret} ${round}`));
}

/** Waits until this holds. */
export async function until(holds: () => boolean): Promise<void> {
  while (!holds()) await new Promise((resolve) => setTimeout(resolve, 5));
}

/** Deltas of the open round that are in. */
export function accepted({ server }: OpenRun): number {
  const { phase } = server.state();
  return phase.kind === "training" ? phase.accepted.size : 0;
}
