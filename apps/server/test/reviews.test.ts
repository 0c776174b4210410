// Volunteers that measure each other's deltas, at the real server: what of deltas is served, to whom it may be said, and when.

import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { sha256Of } from "@homebody/base";
import { events } from "@homebody/protocol";
import { afterEach, beforeEach, expect, test } from "vitest";
import { deltaOf } from "../../../test/deltas.ts";
import { writeRun } from "../../../test/run-folder.ts";
import { createServer, type RunningServer, stderrLog } from "../src/index.ts";
import { type Client, client } from "./client.ts";

let folder: string;
let server: RunningServer;
const clients: Client[] = [];

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "homebody-reviews-"));
});
afterEach(async () => {
  for (const one of clients.splice(0)) one.close();
  await server.close();
  rmSync(folder, { recursive: true, force: true });
});

const delta = (name: string, round: number) => deltaOf(server.state().manifest, `${name} ${round}`);

/** Two volunteers of one source, whose deltas of the first round are in its body. */
async function published(review: string): Promise<readonly Client[]> {
  const more = ["variant: glob", "vocabulary: { kind: global, size: 300 }", review];
  const run = writeRun(folder, { rounds: 3, more });
  server = await createServer({ run, dataDir: join(folder, "data"), log: stderrLog("silent") });
  for (const name of ["one", "other"]) {
    const volunteer = await client(server.url, name);
    clients.push(volunteer);
    await volunteer.join("a");
  }
  for (const [i, name] of ["one", "other"].entries()) {
    await clients[i]!.told(({ kind }) => kind === "training");
    expect(await clients[i]!.deliver(1, delta(name, 1))).toBe("ok");
  }
  for (const volunteer of clients)
    await volunteer.told(({ kind, body }) => kind === "training" && body.number === 1);
  return clients;
}

const statusOf = async (path: string) => (await fetch(`${server.url}${path}`)).status;

test("[P70] [P72] a delta that a peer is to measure is served by its hash, until that is done; no other is", async () => {
  const [one] = await published("review: { rows: 4 }");
  const { review } = one!.announcements.at(-1)!;
  expect(review).toMatchObject({ delta: sha256Of(delta("other", 1)), share: 0.5 });
  const response = await fetch(`${server.url}/deltas/${review!.delta}`);
  expect(new Uint8Array(await response.arrayBuffer())).toEqual(delta("other", 1));
  expect(response.headers.get("cache-control")).toContain("immutable");
  expect(await one!.deliver(2, delta("one", 2))).toBe("ok"); // the round is open
  expect(await statusOf(`/deltas/${sha256Of(delta("one", 2))}`)).toBe(404);
  expect(await statusOf(`/bodies/${review!.delta}`)).toBe(404);
  expect(await statusOf(`/deltas/${server.state().body.sections[0]!.sha256}`)).toBe(404);
  const verdict = { delta: review!.delta, natsWithout: 100, natsWith: 101, bytes: 100 };
  expect(await one!.word(events.verdict, { ...verdict, natsWith: null })).toBe("malformed");
  expect(await one!.word(events.verdict, verdict)).toBe("ok");
  expect(await one!.word(events.verdict, verdict)).toBe("wrong-review");
  expect(await statusOf(`/deltas/${review!.delta}`)).toBe(404);
  const { deltas } = server.figures();
  expect(deltas.map(({ review }) => review?.harmful ?? null)).toContain(true);
});

test("[P72] where a run has no reviews no delta is served, and no verdict is taken", async () => {
  const [one] = await published("review: off");
  expect(one!.announcements.at(-1)!.review).toBeUndefined();
  const other = sha256Of(delta("other", 1));
  expect(await statusOf(`/deltas/${other}`)).toBe(404);
  const verdict = { delta: other, natsWithout: 100, natsWith: 101, bytes: 100 };
  expect(await one!.word(events.verdict, verdict)).toBe("wrong-review");
});
