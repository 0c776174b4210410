// homebody verify, backup and restore as a host uses them: with real volunteers, beside a coordinator at work.

import { cpSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Sha256 } from "@homebody/base";
import { createServer, type RunningServer, stderrLog } from "@homebody/server";
import { startHeadless } from "@homebody/volunteer/node";
import { afterEach, beforeEach, expect, test } from "vitest";
import { damageBlob } from "../../../test/blobs.ts";
import { writeRun } from "../../../test/run-folder.ts";
import { run as backup } from "../src/backup.ts";
import { run as restore } from "../src/restore.ts";
import { run as verify } from "../src/verify.ts";
import { captured } from "./finished-run.ts";

let folder: string;
let server: RunningServer;
const ends: (() => Promise<unknown>)[] = [];
beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), "homebody-verify-"));
  writeRun(folder, { rounds: 3, localSteps: 4, keep: "{ deltaRounds: all }" });
  server = await createServer({
    ...{ run: at("run.yaml"), dataDir: at("data"), log: stderrLog("silent") },
  });
  ends.push(() => server.close());
  for (const source of ["a", "b"]) {
    const options = { url: server.url, source, backend: "wasm", threads: 1, show: () => {} } as const;
    const { volunteer } = await startHeadless({ ...options, dataDir: at(source) });
    ends.push(() => volunteer.close());
  }
  await server.finished;
});
afterEach(async () => {
  for (const end of ends.splice(0).reverse()) await end();
  rmSync(folder, { recursive: true, force: true });
});

const at = (...path: string[]) => join(folder, ...path);

test("[C47] a sound run: journal, blobs and bodies, in the folder and by its address; a backup of it is as sound", async () => {
  const { seq } = server.figures();
  const here = await captured(verify, [at("data")]);
  expect(here.code).toBe(0);
  expect(here.stdout).toMatch(`journal: ${seq} entries`);
  expect(here.stdout).toMatch(/blobs: \d+ read, each as its name promises/);
  expect(here.stdout).toMatch("bodies: 3 computed again and the same, 0 whose deltas are not kept");
  expect((await captured(verify, [server.url])).stdout).toMatch(
    "bodies: 0 computed again and the same, 3 whose",
  );
  await captured(backup, [at("data"), "--to", at("run.tar")]);
  const back = await captured(restore, [at("run.tar"), "--to", at("elsewhere")]);
  expect(back.stdout).toMatch(`${seq} journal entries`);
  expect((await captured(verify, [at("elsewhere")])).stdout).toBe(here.stdout);
});

test.each(["v1-averaging", "v1-nesterov"])(
  "[C47] [C48] %s: a run of an older version is verified, backed up and restored",
  async (name) => {
    const state = new URL(`../../../test/fixtures/runs/${name}/state`, import.meta.url);
    cpSync(state, at("old"), { recursive: true });
    const here = await captured(verify, [at("old")]);
    expect(here).toMatchObject({ code: 0 });
    expect(here.stdout).toMatch("bodies: 2 computed again and the same, 0 whose deltas are not kept");
    expect((await captured(backup, [at("old"), "--to", at("old.tar")])).code).toBe(0);
    expect((await captured(restore, [at("old.tar"), "--to", at("old-again")])).code).toBe(0);
    expect((await captured(verify, [at("old-again")])).stdout).toBe(here.stdout);
  },
);

test("[C47] a bit that fell over in a body and in a delta, and a text that is gone, are named, in the folder and by its address", async () => {
  const [body] = server.figures().bodies.at(-2)!.sections;
  const { entries } = (await (await fetch(`${server.url}/api/journal`)).json()) as {
    entries: { seq: number; fact: { kind: string; delta: Sha256 } }[];
  };
  const accepted = entries.find(({ fact }) => fact.kind === "accepted")!;
  for (const hash of [body!.sha256, accepted.fact.delta]) damageBlob(at("data"), hash, "flipped");
  const { train } = server.state().manifest.sources[0]!.served!;
  damageBlob(at("data"), train, "missing");
  const { stdout: text, code } = await captured(verify, [at("data")]);
  expect(code).toBe(1);
  expect(text).toMatch("3 lost");
  expect(text).toMatch(
    `${body!.sha256}: its bytes are not those of its name; it is part of body 2 (journal entry`,
  );
  expect(text).toMatch(
    `${accepted.fact.delta}: its bytes are not those of its name; it is a delta of round 1 (journal entry ${accepted.seq})`,
  );
  expect(text).toMatch(`${train}: missing; it is text that the host serves (journal entry 1)`);
  const outside = await captured(verify, [server.url]);
  expect(outside.code).toBe(1);
  expect(outside.stdout.match(/: missing;|: its bytes are not/g)?.sort()).toEqual([
    ": its bytes are not",
    ": missing;",
  ]);
});
