// homebody invite, and homebody admin for whoever waits: by the data folder and by the address.

import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { invitationIn, volunteerOf } from "@homebody/protocol";
import { createServer, type RunningServer, stderrLog } from "@homebody/server";
import { afterEach, beforeEach, expect, test } from "vitest";
import { secretOf } from "../../../test/deltas.ts";
import { writeRun } from "../../../test/run-folder.ts";
import { type Client, client } from "../../server/test/client.ts";
import { run as admin } from "../src/admin.ts";
import { run as invite } from "../src/invite.ts";
import { captured } from "./finished-run.ts";

let folder: string;
let server: RunningServer;
const clients: Client[] = [];
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "homebody-invite-"));
});
afterEach(async () => {
  for (const one of clients.splice(0)) one.close();
  await server.close();
  rmSync(folder, { recursive: true, force: true });
});

async function start(admission: "code" | "approval"): Promise<void> {
  const run = writeRun(folder, { admission });
  server = await createServer({ run, dataDir: join(folder, "data"), log: stderrLog("silent") });
}

async function says(name: string, change: object = {}): Promise<string> {
  const one = await client(server.url, name);
  clients.push(one);
  const reply = await one.hello("a", change);
  return reply.ok ? "ok" : reply.refusal;
}

const at = (way: string) =>
  way === "folder" ? [join(folder, "data")] : [server.url, "--token", server.adminToken];

test.each(["folder", "address"])("[P38] links by the %s: each lets in as many as it says", async (way) => {
  await start("code");
  const link = way === "folder" ? ["--link", "https://run.example.org/dashboard"] : [];
  const { code, stdout } = await captured(invite, [
    ...at(way),
    ...["--source", "a", "--count", "250", "--uses", "2", ...link],
  ]);
  const links = stdout.trim().split("\n");
  expect([code, links.length, new Set(links).size]).toEqual([0, 250, 250]);
  const origin = way === "folder" ? "https://run.example.org" : server.url;
  expect(links.filter((one) => !one.startsWith(`${origin}/#source=a&code=`))).toEqual([]);
  const last = invitationIn(new URL(links.at(-1)!).hash);
  expect([await says("one", last as object), await says("two", last as object)]).toEqual(["ok", "ok"]);
  expect(await says("three", last as object)).toBe("code-spent");
  expect(server.figures().admissions).toEqual({ a: { invited: 500, admitted: 2 } });
});

test.each(["folder", "address"])("[P39] who waits is listed and let in by the %s", async (way) => {
  await start("approval");
  expect((await captured(admin, [...at(way), "applicants"])).stdout).toBe("Nobody waits.\n");
  const id = volunteerOf(secretOf("one"));
  expect(await says("one")).toBe("not-approved");
  expect((await captured(admin, [...at(way), "applicants"])).stdout).toBe(`${id}  a  headless\n`);
  expect(await captured(admin, [...at(way), "approve", id.slice(0, 6)])).toMatchObject({
    code: 0,
    stdout: `Done: approve ${id.slice(0, 6)}.\n`,
  });
  expect(await says("one")).toBe("ok");
  const other = volunteerOf(secretOf("two"));
  await expect(captured(admin, [...at(way), "approve", other])).rejects.toThrow(
    "SOURCE: expected the source",
  );
  expect((await captured(admin, [...at(way), "approve", other, "a"])).code).toBe(0);
  expect(await says("two")).toBe("ok");
});

test("what is missing or wrong is said", async () => {
  await start("approval");
  const data = join(folder, "data");
  const of = (...args: string[]) => captured(invite, args);
  await expect(of()).rejects.toThrow("invite: expected one data folder or address, got none");
  await expect(of(data)).rejects.toThrow("--source: expected the id of a source, got none");
  await expect(of(data, "--source", "a")).rejects.toThrow("--link: expected the address that volunteers use");
  await expect(of(server.url, "--source", "a")).rejects.toThrow("--token: expected the admin token");
  await expect(of(server.url, "--source", "a", "--uses", "0")).rejects.toThrow("--uses: expected");
  const link = ["--link", "https://run.example.org"];
  expect((await of(data, "--source", "a", ...link)).stderr).toContain("refused (not-by-code)");
  expect((await of(data, "--source", "z", ...link)).stderr).toContain("refused (unknown-source)");
});
