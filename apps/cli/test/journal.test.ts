// homebody journal on a run with real volunteers: whole, while it goes on, and again.

import { spawn } from "node:child_process";
import { once } from "node:events";
import {
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  truncateSync,
  writeFileSync,
} from "node:fs";
import { connect, createServer as createNetServer, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { journalSchema } from "@homebody/coordinator/schema";
import { createServer, openFolder, type RunningServer, stderrLog } from "@homebody/server";
import { startHeadless } from "@homebody/volunteer/node";
import { Ajv2020 } from "ajv/dist/2020.js";
import { parse } from "csv-parse/sync";
import { afterEach, beforeEach, expect, test } from "vitest";
import { readEvents } from "../../../packages/measures/test/event-file.ts";
import { writeRun } from "../../../test/run-folder.ts";
import { run as journal } from "../src/journal.ts";
import { captured } from "./finished-run.ts";

let folder: string;
let server: RunningServer;
const ends: (() => unknown)[] = [];
beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), "homebody-journal-"));
  ends.push(() => rmSync(folder, { recursive: true, force: true }));
  server = await createServer({
    run: writeRun(folder, { rounds: 3, localSteps: 4 }),
    dataDir: at("data"),
    log: stderrLog("silent"),
  });
  ends.push(() => server.close());
});
afterEach(async () => {
  for (const end of ends.splice(0).reverse()) await end();
});

const at = (...path: string[]) => join(folder, ...path);

/** The run to its end. */
async function play(): Promise<void> {
  const volunteers = await Promise.all(
    ["a", "b"].map(async (source) => {
      const common = { url: server.url, backend: "wasm", threads: 1, show: () => {} } as const;
      return (await startHeadless({ ...common, source, dataDir: at(source) })).volunteer;
    }),
  );
  await Promise.all([server.finished, ...volunteers.map(({ ended }) => ended)]);
  for (const volunteer of volunteers) await volunteer.close();
}

const served = async () => (await fetch(new URL("/api/journal.jsonl", server.url))).text();
const written = async (...args: string[]) => (await captured(journal, args)).stdout;

test("[J2] [P49] jsonl is what the coordinator serves, from its folder and its address, and fits the schema", async () => {
  await play();
  const text = await served();
  expect(await written(at("data"))).toBe(text);
  expect(await written(server.url)).toBe(text);
  const validate = new Ajv2020().addVocabulary(["unit"]).compile(journalSchema());
  for (const line of text.trim().split("\n"))
    expect([validate(JSON.parse(line)), validate.errors]).toEqual([true, null]);
  expect(JSON.parse(await written("--schema"))).toEqual(journalSchema());
});

test("[J4] [J5] csv and tfevents are the same numbers, as other readers find them; a score is the dashboard's", async () => {
  await play();
  const rows = parse(await written(server.url, "--format", "csv"), { columns: true }) as Record<
    string,
    string
  >[];
  const scores = rows.filter(({ measure, source }) => measure === "bits-per-byte" && source === "b");
  const shown = server.figures().scores.b!.map(({ bitsPerByte, body }) => [body, bitsPerByte]);
  expect(scores.map(({ round, value }) => [Number(round), Number(value)])).toEqual(shown);
  await written(at("data"), "--format", "tfevents", "--to", at("logs"));
  const [name, ...others] = readdirSync(at("logs"));
  expect([name, others]).toEqual([
    expect.stringMatching(/^events\.out\.tfevents\.\d+\.homebody-[0-9a-f]{8}$/),
    [],
  ]);
  const events = readEvents(readFileSync(at("logs", name!)));
  const found = events.flatMap(({ step = 0, summary }) =>
    (summary?.value ?? []).map(({ tag, simpleValue }) => [tag, step, simpleValue]),
  );
  const expected = rows
    .filter(({ volunteer }) => volunteer === "")
    .map(({ measure, source, round, value }) => [
      source === "" ? measure : `${measure}/${source}`,
      Number(round),
      Math.fround(Number(value)),
    ]);
  expect(found).toEqual(expected);
});

test("[J6] a file goes on where it ended, at an entry or in the middle of one; another one stays as it is", async () => {
  await play();
  for (const format of ["jsonl", "csv", "tfevents"]) {
    const to = format === "tfevents" ? at("logs") : at(`run.${format}`);
    const args = [at("data"), "--format", format, "--to", to];
    const before = await written(...args);
    const file = format === "tfevents" ? join(to, readdirSync(to)[0]!) : to;
    const whole = readFileSync(file);
    expect(before).toBe(
      `${file}: up to entry ${server.figures().seq}, ${whole.length} bytes more than before\n`,
    );
    for (const size of [0, whole.length - 7, whole.length]) {
      truncateSync(file, size);
      expect(await written(...args)).toContain(`, ${whole.length - size} bytes more`);
      expect(readFileSync(file).equals(whole)).toBe(true);
    }
    const other = Buffer.concat([whole.subarray(0, 90), Buffer.from("x"), whole.subarray(91)]);
    for (const [there, got] of [
      [other, "something else at byte 90"],
      [Buffer.concat([whole, other]), `${whole.length} bytes more`],
    ] as const) {
      writeFileSync(file, there);
      await expect(written(...args)).rejects.toThrow(got);
      expect(readFileSync(file).equals(there)).toBe(true);
    }
  }
});

test("[J7] --follow goes on as facts come, through a line that is cut, and ends with the run", async () => {
  const through = await interrupted(Number(new URL(server.url).port));
  const both = captured(async () => {
    const codes = await Promise.all([
      journal([at("data"), "--follow", "--to", at("folder.jsonl")]),
      journal([through.url, "--follow", "--format", "csv", "--to", at("address.csv")]),
    ]);
    return Math.max(...codes);
  }, []);
  await expect.poll(() => readSafely(at("address.csv"))).toContain("sequence,");
  through.cut();
  await expect.poll(() => through.refused(), { timeout: 10_000 }).toBeGreaterThan(0);
  await play();
  through.mend();
  expect((await both).code).toBe(0);
  expect(readFileSync(at("folder.jsonl"), "utf8")).toBe(await served());
  expect(readFileSync(at("address.csv"), "utf8")).toBe(await written(at("data"), "--format", "csv"));
}, 60_000);

const readSafely = (path: string) => (existsSync(path) ? readFileSync(path, "utf8") : "");

test("[J2] [P32] a journal of long entries, whose pages are cut short, is read whole from its address", async () => {
  await server.close();
  const found = await openFolder(at("data"));
  const last = await found.journal.lastSeq(found.run);
  const [created] = await found.journal.read(found.run, 0, 1);
  const { schema, manifest } = created!.fact as { schema: number; manifest: object };
  const changed = { kind: "changed", schema, manifest: { ...manifest, description: "x".repeat(2000) } };
  await found.journal.append(found.run, last, created!.at, Array(700).fill(changed));
  await found.close();
  server = await createServer({ run: at("run.yaml"), dataDir: at("data"), log: stderrLog("silent") });
  expect((await written(server.url)).split("\n").length).toBeGreaterThan(700);
  expect(await written(server.url)).toBe(await served());
});

test("[J7] of a run that is finished nothing more is waited for, whatever came after its end", async () => {
  await play();
  await server.close();
  const found = await openFolder(at("data"));
  const { run } = found;
  const last = await found.journal.lastSeq(run);
  const { at: now } = (await found.journal.read(run, last - 1, 1))[0]!;
  await found.journal.append(run, last, now, [{ kind: "paused" }]);
  await found.close();
  expect((await written(at("data"), "--follow")).trim().split("\n")).toHaveLength(last + 1);
});

test("[J7] another run at the address ends it", async () => {
  const through = await interrupted(Number(new URL(server.url).port));
  const following = written(through.url, "--follow", "--to", at("run.jsonl")).catch(
    (error: Error) => error.message,
  );
  await expect.poll(() => through.passed()).toBeGreaterThan(1);
  const another = await createServer({
    run: writeRun(at("another"), { rounds: 9 }),
    dataDir: at("another", "data"),
    log: stderrLog("silent"),
  });
  ends.push(() => another.close());
  through.cut();
  through.mend(Number(new URL(another.url).port));
  expect(await following).toMatch(/: expected run [0-9a-f]{8}, got run [0-9a-f]{8}$/);
}, 60_000);

test("[J7] Ctrl-C ends following cleanly", async () => {
  const script = join(import.meta.dirname, "../../../scripts/homebody.mjs");
  const child = spawn(process.execPath, [script, "journal", at("data"), "--follow"], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  let text = "";
  child.stdout.on("data", (piece) => {
    text += piece;
  });
  await expect.poll(() => text, { timeout: 30_000 }).toContain("\n");
  child.kill("SIGINT");
  expect(await once(child, "exit")).toEqual([0, null]);
  expect(text).toBe(await served());
}, 60_000);

test("what is asked wrongly is one sentence", async () => {
  await expect(written(at("data"), "--format", "xml")).rejects.toThrow(
    "--format: expected jsonl or csv or tfevents, got xml",
  );
  await expect(written(at("data"), "--format", "tfevents")).rejects.toThrow(
    "--to: expected a folder for the file of tfevents, got none",
  );
  await expect(written()).rejects.toThrow("one data folder or address");
  await expect(written(server.url, "--database", "postgres://x")).rejects.toThrow(
    "--database: expected nothing",
  );
});

/** A port that leads to another one, until it is cut. */
async function interrupted(first: number) {
  let target: number | undefined = first;
  let passed = 0;
  let refused = 0;
  const open = new Set<Socket>();
  const relay = createNetServer((socket) => {
    if (target === undefined) {
      refused += 1;
      return socket.destroy();
    }
    passed += 1;
    const onward = connect(target, "127.0.0.1");
    for (const [one, other] of [
      [socket, onward],
      [onward, socket],
    ] as const) {
      open.add(one);
      one.on("error", () => other.destroy()).on("close", () => other.destroy());
      one.on("data", (bytes) => {
        if (one === socket) passed += 1;
        other.write(bytes);
      });
    }
    return undefined;
  });
  relay.listen(0, "127.0.0.1");
  await once(relay, "listening");
  const { port } = relay.address() as { port: number };
  ends.push(() => {
    for (const socket of open) socket.destroy();
    relay.close();
  });
  return {
    url: `http://127.0.0.1:${port}`,
    passed: () => passed,
    refused: () => refused,
    cut: () => {
      target = undefined;
      for (const socket of open) socket.destroy();
    },
    mend: (to = first) => {
      target = to;
    },
  };
}
