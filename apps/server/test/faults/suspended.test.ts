// The real server, stopped by a signal and going on, and with a clock that is set: a round loses nothing of its time [C43].

import { type ChildProcess, spawn } from "node:child_process";
import { readFileSync } from "node:fs";
import { createServer } from "node:net";
import { join } from "node:path";
import type { Millis } from "@homebody/base";
import { systemClock } from "@homebody/clock";
import type { Entry } from "@homebody/coordinator";
import { afterEach, expect, test } from "vitest";
import { client } from "../client.ts";
import { until, type World, world } from "./world.ts";

const main = join(import.meta.dirname, "..", "..", "..", "cli", "src", "main.ts");
const ends: (() => unknown)[] = [];
afterEach(async () => {
  for (const end of ends.splice(0).reverse()) await end();
});

function fresh(round: string): World {
  const made = world({ rounds: 2, round });
  ends.push(made.end);
  return made;
}

async function freePort(): Promise<number> {
  return new Promise((resolve) => {
    const probe = createServer().listen(0, "127.0.0.1", () => {
      const { port } = probe.address() as { port: number };
      probe.close(() => resolve(port));
    });
  });
}

async function entriesAt(url: string): Promise<readonly Entry[]> {
  const response = await fetch(`${url}/api/journal?limit=5000`);
  return ((await response.json()) as { entries: readonly Entry[] }).entries;
}

async function serverProcess(at: World): Promise<{ url: string; child: ChildProcess }> {
  const port = await freePort();
  const args = ["--import", "tsx", main, "serve", at.run, "--data", at.dataDir, "--port", String(port)];
  const child = spawn(process.execPath, args, {
    stdio: "ignore",
    env: { ...process.env, LOG_LEVEL: "silent" },
  });
  ends.push(() => {
    child.kill("SIGKILL");
  });
  const url = `http://127.0.0.1:${port}`;
  await until("a server", () =>
    fetch(`${url}/healthz`).then(
      ({ ok }) => ok,
      () => false,
    ),
  );
  return { url, child };
}

test("[C12] [C43] stopped by SIGSTOP beyond the deadline, it goes on with the time that was left", {
  timeout: 90_000,
}, async () => {
  const at = fresh("{ minimum: 1, deadlineSeconds: 8, evaluationSeconds: 60 }");
  const { url, child } = await serverProcess(at);
  const one = await client(url, "one");
  ends.push(one.close);
  await one.join("a");
  const opened = async () =>
    (await entriesAt(url)).flatMap(({ fact }) => (fact.kind === "opened" ? [fact] : []));
  await until("a round", async () => (await opened()).length > 0);
  const [{ deadline } = { deadline: 0 }] = await opened();
  child.kill("SIGSTOP");
  await until("the time of the deadline, and a while more", () => Date.now() > deadline + 4000);
  child.kill("SIGCONT");
  const later = async () => (await entriesAt(url)).flatMap(({ seq, fact }) => (seq > 2 ? [fact] : []));
  await until("what it says of that", async () => (await later()).length > 0);
  const [first] = await later();
  expect(first).toMatchObject({ kind: "restarted" });
  expect((first as { deadline: number }).deadline - deadline).toBeGreaterThan(4000);
  expect(readFileSync(join(at.dataDir, "lock.json"), "utf8")).toContain(String(child.pid));
});

test.each([
  ["forward", 86_400_000],
  ["back", -86_400_000],
])("[C12] [C43] a clock that is set a day %s moves the deadline with it", async (_, byMs) => {
  const at = fresh("{ minimum: 1, deadlineSeconds: 3600, evaluationSeconds: 60 }");
  let shift = 0;
  const clock = { ...systemClock, now: () => (Date.now() + shift) as Millis };
  await at.serve({ clock });
  const one = await at.meet("one", "a");
  await one.told(({ kind }) => kind === "training");
  const deadline = () => {
    const { phase } = at.server().state();
    return phase.kind === "training" ? phase.deadline : 0;
  };
  const before = deadline();
  shift = byMs;
  await until("a deadline that is moved", () => deadline() !== before);
  expect(Math.abs(deadline() - before - byMs)).toBeLessThan(60_000);
  expect((await at.journal()).map(({ fact }) => fact.kind)).toEqual(["created", "opened", "restarted"]);
  expect(await at.deliver(one, 1, "1a")).toBe("ok");
});

test("[C12] [C43] a clock that was set back while the server was down moves the deadline back with it", async () => {
  const at = fresh("{ minimum: 1, deadlineSeconds: 3600, evaluationSeconds: 60 }");
  await at.serve();
  const one = await at.meet("one", "a");
  await one.told(({ kind }) => kind === "training");
  await at.stop();
  const byMs = -86_400_000;
  await at.serve({ clock: { ...systemClock, now: () => (Date.now() + byMs) as Millis } });
  const { phase } = at.server().state();
  const left = phase.kind === "training" ? phase.deadline - (Date.now() + byMs) : 0;
  expect(left).toBeGreaterThan(3000_000);
  expect(left).toBeLessThanOrEqual(3600_000);
});
