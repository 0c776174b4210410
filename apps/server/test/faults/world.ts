// A run at the real server in a folder of its own, with volunteers of bare messages, for what fate does to it.

import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import type { Entry } from "@homebody/coordinator";
import { type AdminAct, events } from "@homebody/protocol";
import { deltaOf } from "../../../../test/deltas.ts";
import { type RunFolderOptions, writeRun } from "../../../../test/run-folder.ts";
import { createServer, type RunningServer, type ServerOptions, stderrLog } from "../../src/index.ts";
import { type Client, client } from "../client.ts";

export interface World {
  readonly folder: string;
  readonly dataDir: string;
  readonly run: string;
  server(): RunningServer;
  serve(options?: Partial<ServerOptions>): Promise<RunningServer>;
  /** Those who were connected are gone. */
  stop(): Promise<void>;
  meet(name: string, source?: string): Promise<Client>;
  journal(): Promise<Entry[]>;
  admin(one: Client, act: AdminAct): Promise<string>;
  /** Tries again, as a volunteer does where the coordinator has trouble; the last word. */
  deliver(one: Client, round: number, seed: string): Promise<string>;
  end(): Promise<void>;
}

/** A run of its own also in a database that other tests use. */
export function world(options: RunFolderOptions = {}): World {
  const folder = mkdtempSync(join(tmpdir(), "homebody-faults-"));
  const dataDir = join(folder, "data");
  const run = writeRun(folder, options);
  writeFileSync(
    run,
    readFileSync(run, "utf8").replace("name: test", `name: ${basename(folder)} ${Date.now()}`),
  );
  const clients: Client[] = [];
  let server: RunningServer | undefined;

  async function stop(): Promise<void> {
    for (const one of clients.splice(0)) one.close();
    await server?.close();
    server = undefined;
  }

  return {
    folder,
    dataDir,
    run,
    server: () => server!,
    serve: async (more = {}) => {
      server = await createServer({ run, dataDir, log: stderrLog("silent"), ...more });
      return server;
    },
    stop,
    meet: async (name, source) => {
      const one = await client(server!.url, name);
      clients.push(one);
      if (source !== undefined) await one.join(source);
      return one;
    },
    journal: async () => {
      const response = await fetch(`${server!.url}/api/journal?limit=5000`);
      return ((await response.json()) as { entries: Entry[] }).entries;
    },
    admin: (one, act) => one.word(events.admin, { token: server!.adminToken, act }),
    deliver: async (one, round, seed) => {
      for (;;) {
        const word = await one.deliver(round, deltaOf(server!.state().manifest, seed));
        if (word !== "trouble" && word !== "too-many") return word;
        await new Promise((resolve) => setTimeout(resolve, 50));
      }
    },
    end: async () => {
      await stop();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

export async function until(what: string, holds: () => boolean | Promise<boolean>): Promise<void> {
  for (let i = 0; i < 1000; i++) {
    if (await holds()) return;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  throw new Error(`${what}: expected within 20 s, got nothing of it`);
}
