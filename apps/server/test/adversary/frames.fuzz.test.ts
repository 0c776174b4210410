// [P1] [P2] [P30] Thousands of connections that say almost what they may, each by a seed: the coordinator lives, holds nothing
// for them, and serves an honest volunteer as before. FUZZ_SECONDS=3600 FUZZ_SEED=N makes nights of it.

import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { random } from "@homebody/base";
import { afterEach, beforeEach, expect, test } from "vitest";
import { deltaOf } from "../../../../test/deltas.ts";
import { writeRun } from "../../../../test/run-folder.ts";
import { createServer, type RunningServer, stderrLog } from "../../src/index.ts";
import { client } from "../client.ts";
import { session } from "./fuzz/session.ts";

let folder: string;
let server: RunningServer;
const failures: unknown[] = [];
const fail = (error: unknown) => void failures.push(error);

beforeEach(async () => {
  failures.length = 0;
  process.on("uncaughtExceptionMonitor", fail);
  folder = mkdtempSync(join(tmpdir(), "homebody-fuzz-"));
  // Rounds lapse and open again, so that there always is one in which some of them are.
  const round = "{ minimum: 2, quorum: 1, graceSeconds: 0, deadlineSeconds: 5, evaluationSeconds: 5 }";
  const many = 1e9;
  server = await createServer({
    run: writeRun(folder, { rounds: 1_000_000, round }),
    dataDir: join(folder, "data"),
    log: stderrLog("silent"),
    // Rates let everything through: it is what is done with it that is tried here.
    limits: {
      ...{ newPerSecond: many, messagesPerSecond: many, requestsPerSecond: many, framesPerSecond: many },
      ...{ newVolunteersPerMinute: many, adminGuessesPerMinute: many },
    },
    onFailed: fail,
  });
});
afterEach(async () => {
  process.off("uncaughtExceptionMonitor", fail);
  await server.close();
  rmSync(folder, { recursive: true, force: true });
});

const atOnce = 16;

/** Sessions from a seed on, some at a time, until it is enough; how many inputs they sent. */
async function play(
  first: number,
  isEnough: (inputs: number) => boolean,
): Promise<{ seed: number; inputs: number }> {
  let [seed, inputs] = [first, 0];
  const { manifest } = server.state();
  const player = async () => {
    while (!isEnough(inputs)) {
      const dice = random(`frames ${seed++}`);
      const sent = await session(server.port, { manifest, round: server.state().body.number + 1 }, dice);
      inputs += sent;
      if (failures.length > 0) throw new Error(`before seed ${seed}`, { cause: failures[0] });
    }
  };
  await Promise.all(Array.from({ length: atOnce }, player));
  return { seed, inputs };
}

/** Its delta makes the next body. */
async function servesTheHonest(): Promise<void> {
  const { number } = server.state().body;
  const pair = [await client(server.url, "honest a"), await client(server.url, "honest b")] as const;
  for (const one of pair) await one.join("a");
  for (let isIn = false; !isIn; ) {
    await pair[0].told((told) => told.kind === "training" && told.assignment !== null);
    const round = server.state().body.number + 1;
    isIn = (await pair[0].deliver(round, deltaOf(server.state().manifest, `honest ${round}`))) === "ok";
  }
  await pair[0].told(({ body }) => body.number > number);
  for (const one of pair) one.close();
}

async function isAsBefore(): Promise<void> {
  expect(failures).toEqual([]);
  await servesTheHonest();
  const { ok } = (await (await fetch(`${server.url}/healthz`)).json()) as { ok: boolean };
  expect(ok).toBe(true);
  const text = await (await fetch(`${server.url}/metrics`)).text();
  expect(text).toMatch(/^homebody_waiting_bytes 0$/m);
}

test("[P1] [P2] [P30] whatever a few thousand inputs say, an honest volunteer is served after them", {
  timeout: 120_000,
}, async () => {
  const { inputs } = await play(0, (sent) => sent >= 4000);
  expect(inputs).toBeGreaterThanOrEqual(4000);
  await isAsBefore();
});

const nightSeconds = Number(process.env.FUZZ_SECONDS ?? 0);

test.runIf(nightSeconds > 0)("a night of it", { timeout: 1000 * nightSeconds + 600_000 }, async () => {
  const began = performance.now();
  const share = () => (performance.now() - began) / (1000 * nightSeconds);
  const first = Number(process.env.FUZZ_SEED ?? 1000);
  const heap: number[] = [];
  let [seed, all] = [first, 0];
  for (let tenth = 1; tenth <= 10; tenth++) {
    const played = await play(seed, () => share() >= tenth / 10);
    seed = played.seed;
    all += played.inputs;
    heap.push(heapMegabytes());
    const held = `heap after collection by tenths ${heap.join(", ")} MB, RSS ${Math.round(process.memoryUsage().rss / 1e6)} MB`;
    process.stdout.write(`seeds ${first} to ${seed - 1}: ${all} inputs, ${held}\n`);
  }
  await isAsBefore();
  expect(heap.at(-1)! - heap[1]!, `heap by tenths: ${heap.join(", ")}`).toBeLessThan(50);
});

function heapMegabytes(): number {
  setFlagsFromString("--expose-gc");
  (runInNewContext("gc") as () => void)();
  return Math.round(process.memoryUsage().heapUsed / 1e5) / 10;
}
