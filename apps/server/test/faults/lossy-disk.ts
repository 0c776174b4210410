// A run on the real server, in a folder that a test may do to what disks do.

import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Sha256 } from "@homebody/base";
import type { Entry } from "@homebody/coordinator";
import { type AdminAct, events } from "@homebody/protocol";
import { blobFile } from "@homebody/store";
import type { Logger } from "pino";
import pino from "pino";
import { blobIn, type Damage, damageBlob } from "../../../../test/blobs.ts";
import { deltaOf } from "../../../../test/deltas.ts";
import { type RunFolderOptions, writeRun } from "../../../../test/run-folder.ts";
import { createServer, type RunningServer, type ServerOptions } from "../../src/index.ts";
import { type Client, client } from "../client.ts";

export interface World {
  readonly folder: string;
  readonly dataDir: string;
  server(): RunningServer;
  /** Lines of the log of warnings and worse, of all servers so far. */
  readonly log: string[];
  start(options?: Partial<ServerOptions>): Promise<void>;
  stop(): Promise<void>;
  meet(name: string, source: string): Promise<Client>;
  /** Two volunteers, both assigned. */
  pair(round: number): Promise<readonly [Client, Client]>;
  delta(seed: string): Uint8Array;
  journal(): Promise<readonly Entry[]>;
  kinds(): Promise<readonly string[]>;
  admin(one: Client, act: AdminAct): Promise<string>;
  blob(hash: Sha256): Promise<Uint8Array | undefined>;
  pathOf(hash: Sha256): string;
  damage(hash: Sha256, how: Damage): void;
  close(): Promise<void>;
}

export function world(options: RunFolderOptions = {}, at?: string): World {
  const folder = at ?? mkdtempSync(join(tmpdir(), "homebody-faults-"));
  const dataDir = join(folder, "data");
  const run = writeRun(folder, options);
  const log: string[] = [];
  const logger: Logger = pino(
    { level: "warn", base: null },
    { write: (line: string) => void log.push(line) },
  );
  const clients: Client[] = [];
  let server: RunningServer | undefined;
  const pathOf = (hash: Sha256) => join(dataDir, blobFile(hash));

  async function stop(): Promise<void> {
    for (const one of clients.splice(0)) one.close();
    await server?.close();
    server = undefined;
  }

  async function meet(name: string, source: string): Promise<Client> {
    const one = await client(server!.url, name);
    clients.push(one);
    await one.join(source);
    return one;
  }

  async function journal(): Promise<readonly Entry[]> {
    const response = await fetch(`${server!.url}/api/journal?limit=5000`);
    return ((await response.json()) as { entries: Entry[] }).entries;
  }

  return {
    folder,
    dataDir,
    server: () => server!,
    log,
    start: async (more = {}) => {
      server = await createServer({ run, dataDir, log: logger, ...more });
    },
    stop,
    meet,
    pair: async (round) => {
      const two = [await meet("one", "a"), await meet("two", "b")] as const;
      for (const one of two) await one.told((now) => now.kind === "training" && now.round === round);
      return two;
    },
    delta: (seed) => deltaOf(server!.state().manifest, seed),
    journal,
    kinds: async () => (await journal()).map(({ fact }) => fact.kind),
    admin: (one, act) => one.word(events.admin, { token: server!.adminToken, act }),
    blob: blobIn(dataDir),
    pathOf,
    damage: (hash, how) => damageBlob(dataDir, hash, how),
    close: async () => {
      await stop();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

/** Waits until it holds. */
export async function until(holds: () => boolean | Promise<boolean>): Promise<void> {
  for (let i = 0; i < 1000; i++) {
    if (await holds()) return;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  throw new Error("it never came to hold");
}
