// homebody volunteer as a command: what it says before it begins, and when it is over.

import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { SourceId } from "@homebody/base";
import { events, hashOfCode, linkOf, refusalSentences } from "@homebody/protocol";
import { createServer, stderrLog } from "@homebody/server";
import { expect, test } from "vitest";
import { writeRun } from "../../../test/run-folder.ts";
import { client } from "../../server/test/client.ts";
import { run as exporting } from "../src/export.ts";
import { readModelFolder } from "../src/models/folder.ts";
import { run } from "../src/volunteer.ts";
import { captured } from "./finished-run.ts";

test("it first says how large the model is and what the coordinator learns, once, and in the end what was done", async () => {
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
      ...["--data", join(folder, source), "--intensity", "balanced", "--hours", "0-24"],
    ];
    const both = async () => Math.max(...(await Promise.all(["a", "b"].map((source) => run(args(source))))));
    const { code, stdout, stderr } = await captured(both, []);
    expect(code).toBe(0);
    expect(stderr).toMatch(
      /^[\d,]+ parameters in the body and .*\nThe coordinator gets none of your words: .* stay on (this device|it)\.\n/,
    );
    expect(stderr.match(/The coordinator gets/g)).toHaveLength(2); // of each
    const results = stdout
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line) as object);
    expect(results).toHaveLength(2);
    for (const result of results) expect(result).toMatchObject({ ending: "finished", roundsContributed: 1 });
    // [V45] The very command that it says makes the model, when the coordinator is gone.
    await server.close();
    const [, own] = /npm run homebody -- export (\S+-a) --to DIR/.exec(stderr)!;
    expect((await captured(exporting, [own!, "--to", join(folder, "model")])).code).toBe(0);
    expect((await readModelFolder(join(folder, "model"))).provenance).toMatchObject({
      source: "a",
      body: "1",
    });
  } finally {
    await server.close();
    rmSync(folder, { recursive: true, force: true });
  }
});

test("[P38] [V37] it comes by the link of an invitation, and says what to do where it has none that counts", async () => {
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

test("[V17] [V25] it computes as hard and when it was told; what is neither is said at once", async () => {
  const url = "http://127.0.0.1:9";
  await expect(run([url, "--intensity", "gentle"])).rejects.toThrow(
    '--intensity: expected quiet, balanced, full, got "gentle"',
  );
  for (const hours of ["22", "7-7", "22-25"])
    await expect(run([url, "--hours", hours])).rejects.toThrow("--hours: expected two times of the day");
});

/** A coordinator whose volunteers bring their text. */
async function withBringing(
  text: "brought" | "served",
  ask: (args: (...more: string[]) => string[], folder: string) => Promise<void>,
): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), "homebody-volunteer-"));
  const server = await createServer({
    run: writeRun(folder, { text }),
    dataDir: join(folder, "data"),
    log: stderrLog("silent"),
  });
  try {
    await ask(
      (...more) => [server.url, "--backend", "wasm", "--data", join(folder, "volunteer"), ...more],
      folder,
    );
    expect(server.figures().seq).toBe(1); // nobody came
  } finally {
    await server.close();
    rmSync(folder, { recursive: true, force: true });
  }
}

test.each([
  ["five bytes", "words", "text: expected 500 bytes of text or more, got 5"],
  ["an empty file", "", "mine.txt: expected text, got an empty file"],
  ["a PDF", "%PDF-1.7", "got a PDF; open it, copy its text and save that as a .txt file"],
])("[V23] %s as the text is said at once, and nothing is started", (_, content, message) =>
  withBringing("brought", async (args, folder) => {
    const path = join(folder, "mine.txt");
    writeFileSync(path, content);
    await expect(run(args("--text", path))).rejects.toThrow(message);
  }),
);

test("[V23] a brought source without text, and text for a served one, are mistakes", async () => {
  await withBringing("brought", async (args) => {
    await expect(run(args("--source", "a"))).rejects.toThrow(
      "--text: expected files or folders: volunteers bring the text of a, got none",
    );
  });
  await withBringing("served", async (args, folder) => {
    const path = join(folder, "a.jsonl");
    await expect(run(args("--source", "a", "--text", path))).rejects.toThrow(
      `--text: expected none: the host serves the text of a, got ${path}`,
    );
  });
});

test("a text in another encoding is converted, and it is said from which", async () => {
  const folder = mkdtempSync(join(tmpdir(), "homebody-volunteer-"));
  const server = await createServer({
    run: writeRun(folder, { text: "brought", rounds: 1, round: "{ minimum: 1 }" }),
    dataDir: join(folder, "data"),
    log: stderrLog("silent"),
  });
  try {
    const texts = join(folder, "texts");
    mkdirSync(texts);
    const words = "El niño soñó con la mañana; según la versión más antigua, el corazón está aquí.\n".repeat(
      20,
    );
    writeFileSync(join(texts, "OLD.TXT"), Buffer.from(words, "latin1"));
    writeFileSync(join(texts, "empty.txt"), "");
    writeFileSync(join(texts, "notes.pdf"), "%PDF-1.7"); // of a folder only what may be text is taken
    const args = ["--text", texts, "--source", "a", "--backend", "wasm", "--threads", "1"];
    const { code, stderr } = await captured(run, [server.url, ...args, "--data", join(folder, "volunteer")]);
    expect(code).toBe(0);
    expect(stderr).toContain(`${join(texts, "OLD.TXT")}: read as Windows-1252\n`);
  } finally {
    await server.close();
    rmSync(folder, { recursive: true, force: true });
  }
});
