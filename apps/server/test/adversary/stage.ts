// Where an adversary meets the real server: an honest pair in round 1 beside it, which trains on as if nobody else were there.

import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect } from "vitest";
import { deltaOf } from "../../../../test/deltas.ts";
import { writeRun } from "../../../../test/run-folder.ts";
import { createServer, type RunningServer, type ServerOptions, stderrLog } from "../../src/index.ts";
import { type Client, client } from "../client.ts";

export interface Stage {
  readonly server: RunningServer;
  readonly folder: string;
  /** Connected, and has said nothing. */
  meet(name: string): Promise<Client>;
  /** The pair's deltas make body 1: whatever happened before, they are served. */
  publishes(): Promise<void>;
  /** A figure of /metrics. */
  metric(name: string): Promise<number>;
  close(): Promise<void>;
}

export async function stage(options: Partial<ServerOptions> = {}): Promise<Stage> {
  const folder = mkdtempSync(join(tmpdir(), "homebody-adversary-"));
  const clients: Client[] = [];
  const run = writeRun(folder, { rounds: 2 });
  const dataDir = join(folder, "data");
  const server = await createServer({ run, dataDir, log: stderrLog("silent"), ...options });
  const meet = async (name: string) => {
    const one = await client(server.url, name);
    clients.push(one);
    return one;
  };
  const [a, b] = [await meet("honest a"), await meet("honest b")];
  await a.join("a");
  await b.join("b");
  for (const one of [a, b]) await one.told(({ kind }) => kind === "training");
  return {
    server,
    folder,
    meet,
    async publishes() {
      const { manifest } = server.state();
      expect(await a.deliver(1, deltaOf(manifest, "a"))).toBe("ok");
      expect(await b.deliver(1, deltaOf(manifest, "b"))).toBe("ok");
      await a.told(({ body }) => body.number === 1);
      expect(server.figures().deltas).toHaveLength(2);
    },
    async metric(name) {
      const text = await (await fetch(`${server.url}/metrics`)).text();
      return Number(new RegExp(`^${name}(?:\\{[^}]*\\})? (.*)$`, "m").exec(text)?.[1] ?? 0);
    },
    async close() {
      for (const one of clients) one.close();
      await server.close();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
