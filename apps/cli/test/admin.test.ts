// homebody admin, by the data folder and by the address.

import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createServer, type RunningServer, stderrLog } from "@homebody/server";
import { afterEach, beforeEach, expect, test } from "vitest";
import { writeRun } from "../../../test/run-folder.ts";
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
  expect(await facts()).toEqual(["paused", "resumed", "removed", "restored", "ending", "finished"]);
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
