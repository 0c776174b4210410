// homebody admin, by the data folder and by the address.

import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { volunteerOf } from "@homebody/protocol";
import { createServer, type RunningServer, stderrLog } from "@homebody/server";
import { afterEach, beforeEach, expect, test } from "vitest";
import { deltaOf, secretOf } from "../../../test/deltas.ts";
import { writeRun } from "../../../test/run-folder.ts";
import { client } from "../../server/test/client.ts";
import { run } from "../src/admin.ts";
import { captured } from "./finished-run.ts";

let folder: string;
let server: RunningServer;
beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), "homebody-admin-"));
  server = await createServer({
    run: writeRun(folder),
    dataDir: join(folder, "data"),
    log: stderrLog("silent"),
  });
});
afterEach(async () => {
  await server.close();
  rmSync(folder, { recursive: true, force: true });
});

const admin = (...args: string[]) => captured(run, args);
const facts = async () => {
  const { entries } = (await (await fetch(`${server.url}/api/journal`)).json()) as {
    entries: { fact: { kind: string } }[];
  };
  return entries.slice(1).map(({ fact }) => fact.kind);
};

test.each(["folder", "address"])("[P37] acts by the %s", async (way) => {
  const where = way === "folder" ? join(folder, "data") : server.url;
  const token = way === "folder" ? [] : ["--token", server.adminToken];
  const id = "ab".repeat(16);
  for (const words of [["pause"], ["resume"], ["remove", id]])
    expect(await admin(where, ...words, ...token)).toMatchObject({
      code: 0,
      stdout: `Done: ${words.join(" ")}.\n`,
    });
  expect((await admin(where, "status")).stdout).toBe(
    `test: gathering\n  Rounds   0 of 2 done\n  Sources  a, b\n  Removed  ${id}\n`,
  );
  expect((await admin(where, "restore", "abab", ...token)).code).toBe(0);
  const refused = await admin(where, "end-round", ...token);
  expect([refused.code, refused.stderr]).toEqual([1, expect.stringContaining("refused (wrong-round)")]);
  expect((await admin(where, "end-run", ...token)).code).toBe(0);
  const all = ["paused", "resumed", "removed", "restored", "ending", "finished"];
  await expect.poll(facts).toEqual(all); // the last follows by itself
});

test("what is missing or wrong is said", async () => {
  const data = join(folder, "data");
  await expect(admin(data)).rejects.toThrow("admin: expected a data folder or address, and one of pause,");
  await expect(admin(data, "dance")).rejects.toThrow("got");
  await expect(admin(data, "remove", "ab")).rejects.toThrow(
    "VOLUNTEER: expected an id, or the first digits of one alone",
  );
  await expect(admin(server.url, "pause")).rejects.toThrow("--token: expected the admin token");
  expect(await admin(server.url, "pause", "--token", "guess")).toMatchObject({ code: 1 });
  await expect(admin(folder, "status")).rejects.toThrow(
    "data folder: expected one that a coordinator is at work on",
  );
  expect(await facts()).toEqual([]);
});

test("[C28] undo by the command line: what is kept for it is listed, volunteers are told by their first digits", async () => {
  const data = join(folder, "data");
  await expect(admin(data, "undo", "7")).rejects.toThrow("BODY: expected one of");
  const pair = [await client(server.url, "one"), await client(server.url, "two")] as const;
  for (const [i, one] of pair.entries()) await one.join("ab"[i]!);
  for (const [i, one] of pair.entries()) {
    await one.told((now) => now.kind === "training");
    expect(await one.deliver(1, deltaOf(server.state().manifest, `${i}`))).toBe("ok");
  }
  await pair[0].told(({ body }) => body.number === 1);
  expect((await admin(data, "status")).stdout).toContain("  Undo to  0, 1\n");
  const id = volunteerOf(secretOf("two"));
  await expect(admin(data, "undo", "1", "but", id)).rejects.toThrow("undo: expected without, and volunteers");
  expect(await admin(data, "undo", "1", "without", id.slice(0, 8))).toMatchObject({ code: 0 });
  await pair[0].told(({ body }) => body.number === 2);
  expect(await facts()).toContain("undone");
  for (const one of pair) one.close();
});
