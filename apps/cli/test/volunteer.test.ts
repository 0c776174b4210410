// homebody volunteer as a command: what it says before it begins, and when it is over.

import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { SourceId } from "@homebody/base";
import { events, hashOfCode, linkOf, refusalSentences } from "@homebody/protocol";
import { createServer, stderrLog } from "@homebody/server";
import { expect, test } from "vitest";
import { writeRun } from "../../../test/run-folder.ts";
import { client } from "../../server/test/client.ts";
import { run } from "../src/volunteer.ts";
import { captured } from "./finished-run.ts";

test("it first says what the coordinator learns, once, and in the end what was done", async () => {
  const folder = mkdtempSync(join(tmpdir(), "homebody-volunteer-"));
  const file = writeRun(folder, { rounds: 1 });
  const server = await createServer({
    run: file,
    dataDir: join(folder, "data"),
    port: 0,
    log: stderrLog("silent"),
  });
  try {
    const args = (source: string) => [
      ...[server.url, "--source", source, "--backend", "wasm", "--threads", "1"],
      ...["--data", join(folder, source)],
    ];
    const both = async () => Math.max(...(await Promise.all(["a", "b"].map((source) => run(args(source))))));
    const { code, stdout, stderr } = await captured(both, []);
    expect(code).toBe(0);
    expect(stderr).toMatch(/^The coordinator gets none of your words: .* stay on (this device|it)\.\n/);
    expect(stderr.match(/The coordinator gets/g)).toHaveLength(2); // of each
    const results = stdout
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line) as object);
    expect(results).toHaveLength(2);
    for (const result of results) expect(result).toMatchObject({ ending: "finished", roundsContributed: 1 });
  } finally {
    await server.close();
    rmSync(folder, { recursive: true, force: true });
  }
});

test("[P38] [V21] it comes by the link of an invitation, and says what to do where it has none that counts", async () => {
  const folder = mkdtempSync(join(tmpdir(), "homebody-volunteer-"));
  const server = await createServer({
    run: writeRun(folder, { rounds: 1, admission: "code", round: "{ minimum: 1 }" }),
    dataDir: join(folder, "data"),
    port: 0,
    log: stderrLog("silent"),
  });
  const host = await client(server.url, "host");
  try {
    const code = "0123456789abcdef".repeat(2);
    const link = linkOf(server.url, { source: "a" as SourceId, code });
    const args = ["--backend", "wasm", "--threads", "1", "--data", join(folder, "volunteer")];
    const uninvited = await captured(run, [link, ...args]);
    expect([uninvited.code, uninvited.stderr]).toEqual([
      1,
      expect.stringContaining(refusalSentences["code-spent"]),
    ]);
    expect((await captured(run, [server.url, "--source", "a", ...args])).stderr).toContain(
      refusalSentences["needs-code"],
    );
    const act = { kind: "invite", source: "a", codes: [{ sha256: hashOfCode(code), uses: 1 }] };
    expect(await host.word(events.admin, { token: server.adminToken, act })).toBe("ok");
    const invited = await captured(run, [link, ...args]);
    expect([invited.code, JSON.parse(invited.stdout.trim())]).toMatchObject([
      0,
      { ending: "finished", roundsContributed: 1 },
    ]);
  } finally {
    host.close();
    await server.close();
    rmSync(folder, { recursive: true, force: true });
  }
});

test("a link or a code that is not whole is said before anything is asked", async () => {
  const of = (...args: string[]) => captured(run, args);
  const url = "http://127.0.0.1:9";
  await expect(of(`${url}/#source=a&code=12`)).rejects.toThrow("link: expected an invitation's");
  await expect(of(url, "--source", "a", "--code", "12")).rejects.toThrow("--code: expected 32 hex digits");
  await expect(of(url, "--code", "0".repeat(32))).rejects.toThrow("--source: expected the source that");
});

test("text of which too little would be held out is refused at once, with how much is enough", async () => {
  const folder = mkdtempSync(join(tmpdir(), "homebody-volunteer-"));
  const server = await createServer({
    run: writeRun(folder, { text: "brought" }),
    dataDir: join(folder, "data"),
    log: stderrLog("silent"),
  });
  try {
    const text = join(folder, "short.txt");
    writeFileSync(text, "words");
    const args = [server.url, "--text", text, "--backend", "wasm", "--data", join(folder, "volunteer")];
    await expect(run(args)).rejects.toThrow("--text: expected 500 bytes of text or more, got 5");
    expect(server.figures().seq).toBe(1);
  } finally {
    await server.close();
    rmSync(folder, { recursive: true, force: true });
  }
});
