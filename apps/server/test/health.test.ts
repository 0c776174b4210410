// [P35] [P36] What /healthz says, and what a visitor learns when something fails here.

import { rmSync } from "node:fs";
import { join } from "node:path";
import { systemClock } from "@homebody/clock";
import { defaultLimits } from "@homebody/service";
import { afterEach, expect, test } from "vitest";
import { healthOf } from "../src/health.ts";
import { sparing } from "../src/log.ts";
import { metrics } from "../src/metrics.ts";
import { openHttp } from "../src/wire/http.ts";
import { visitorsTo } from "../src/wire/visitors.ts";
import { type Stage, stage } from "./adversary/stage.ts";

let here: Stage | undefined;
afterEach(async () => {
  await here?.close();
  here = undefined;
});

const all = { run: true, database: true, disk: true, body: true, loop: true };
const health = async () => {
  const response = await fetch(`${here!.server.url}/healthz`);
  return { status: response.status, ...((await response.json()) as object) };
};

test("[P35] healthz is well where all is, names no address, and leaves nothing in the folder", async () => {
  here = await stage();
  const { run } = here.server.state().manifest;
  expect(await health()).toEqual({
    ...{ status: 200, ok: true, run, homebody: expect.any(String) },
    well: all,
  });
});

test("[P35] a body that is gone is seen", async () => {
  here = await stage();
  const dataDir = join(here.folder, "data");
  rmSync(join(dataDir, "blobs"), { recursive: true });
  expect(await health()).toMatchObject({ status: 503, ok: false, well: { ...all, body: false } });
});

/** Looks at parts of which one is not well. */
async function looked(change: Partial<Parameters<typeof healthOf>[0]>) {
  here ??= await stage();
  const { server, folder } = here;
  const unwell: string[] = [];
  const one = healthOf({
    ...{ state: server.state, seq: () => 1, clock: systemClock, dataDir: folder },
    journal: { lastSeq: async () => 1 },
    blobs: { size: async (hash) => server.state().body.sections.find((s) => s.sha256 === hash)?.sizeBytes },
    unwell: (part) => void unwell.push(part),
    ...change,
  });
  const found = await one.look();
  one.stop();
  return [found, unwell];
}

test("[P35] each part is looked at: a database that fails or has lost entries, a disk, a loop that was stuck", async () => {
  expect(await looked({})).toEqual([all, []]);
  const failing = { lastSeq: () => Promise.reject(new Error("connect ECONNREFUSED 192.0.2.1:5432")) };
  expect(await looked({ journal: failing })).toEqual([{ ...all, database: false }, ["database"]]);
  expect(await looked({ seq: () => 2 })).toEqual([{ ...all, database: false }, ["database"]]);
  expect(await looked({ dataDir: join(here!.folder, "none") })).toEqual([{ ...all, disk: false }, ["disk"]]);
  let elapsed = 0;
  const late = { ...systemClock, elapsed: () => (elapsed += 10_000) };
  expect(await looked({ clock: late })).toEqual([{ ...all, loop: false }, ["loop"]]);
});

test("[P35] what fails here is said by an id, which the log has; no visitor reads a database's error", async () => {
  const errors: (readonly [unknown, string])[] = [];
  const broken = () =>
    Promise.reject(new Error("password authentication failed for user homebody at 192.0.2.1"));
  const app = await openHttp({
    journal: { read: broken, lastSeq: broken },
    blobs: { size: broken },
    kindOf: broken,
    manifest: () => ({ run: "0".repeat(64) }),
    visitors: visitorsTo({ names: [], origins: () => [] }),
    metrics: metrics(() => ({}) as never),
    failed: (...what: (typeof errors)[number]) => void errors.push(what),
    ...{ limits: defaultLimits, clock: systemClock, trustProxy: false, webRoot: "", turnedAway: () => {} },
  } as unknown as Parameters<typeof openHttp>[0]);
  const paths = ["/api/journal", "/api/journal?limit=1", `/bodies/${"a".repeat(64)}`];
  for (const path of paths) {
    const { statusCode, body } = await app.inject({ url: path, headers: { host: "localhost" } });
    expect([statusCode, body], path).toEqual([500, expect.stringContaining(errors.at(-1)![1])]);
    expect(body).not.toMatch(/password|homebody at|192\.0/);
  }
  expect(errors).toHaveLength(paths.length);
  await app.close();
});

test("[P36] what anybody can make happen is logged thirty times at once, then every other second", () => {
  const lines: object[] = [];
  let now = 0;
  const say = sparing({ error: (what: object) => void lines.push(what) } as never, () => now);
  for (let i = 0; i < 1000; i++) say({ i }, "failed");
  expect(lines).toHaveLength(30);
  now = 2000;
  say({ i: 1000 }, "failed");
  expect(lines.at(-1)).toEqual({ i: 1000, leftOut: 970 });
  say({ i: 1001 }, "failed");
  expect(lines).toHaveLength(31);
});
