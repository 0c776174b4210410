// A run at the real server with volunteers of bare messages: rounds, deadlines, restarts, the admin's acts, the host's
// changes of mind, and what is served.

import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { sha256Of } from "@homebody/base";
import { type Entry, figuresOf, readFigures } from "@homebody/coordinator";
import { exchangeOf, withStep } from "@homebody/dept";
import { type AdminAct, events, type SectionFile } from "@homebody/protocol";
import { webNet } from "@homebody/volunteer";
import { afterEach, beforeEach, expect, test } from "vitest";
import { openWire } from "../../../e2e/traffic.ts";
import { blobIn } from "../../../test/blobs.ts";
import { deltaOf } from "../../../test/deltas.ts";
import { assertMeans } from "../../../test/recompute.ts";
import { type RunFolderOptions, writeRun } from "../../../test/run-folder.ts";
import { createServer, type RunningServer, type ServerOptions, stderrLog } from "../src/index.ts";
import { type Client, client } from "./client.ts";

let folder: string;
let run: string;
let server: RunningServer;
const clients: Client[] = [];

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "homebody-run-"));
});
afterEach(async () => {
  leave();
  await server.close();
  rmSync(folder, { recursive: true, force: true });
});

const leave = () => {
  for (const one of clients.splice(0)) one.close();
};

async function start(options: RunFolderOptions = {}): Promise<void> {
  run = writeRun(folder, options);
  await serve();
}

async function serve(options: Partial<ServerOptions> = {}): Promise<void> {
  server = await createServer({ run, dataDir: join(folder, "data"), log: stderrLog("silent"), ...options });
}

/** Ends the server and starts it again; those who were connected are gone. */
async function restart(options: Partial<ServerOptions> = {}): Promise<void> {
  leave();
  await server.close();
  await serve(options);
}

async function meet(name: string, source: string): Promise<Client> {
  const one = await client(server.url, name);
  clients.push(one);
  await one.join(source);
  return one;
}

const pair = async () => [await meet("one", "a"), await meet("two", "b")] as const;
const delta = (seed: string) => deltaOf(server.state().manifest, seed);

async function journal(): Promise<Entry[]> {
  const response = await fetch(`${server.url}/api/journal?limit=5000`);
  return ((await response.json()) as { entries: Entry[] }).entries;
}

const facts = async (kind: Entry["fact"]["kind"]) =>
  (await journal()).flatMap(({ fact }) => (fact.kind === kind ? [fact] : []));

async function until(holds: () => boolean): Promise<void> {
  for (let i = 0; i < 500 && !holds(); i++) await new Promise((resolve) => setTimeout(resolve, 20));
  expect(holds()).toBe(true);
}

const phase = () => server.state().phase.kind;
const evaluate = (one: Client) => {
  const { body } = server.state();
  const { number, id } = body;
  return one.word(events.evaluation, { body: number, id, nats: 100, tokens: 50, bytes: 60 });
};
const admin = (one: Client, act: AdminAct) => one.word(events.admin, { token: server.adminToken, act });

test("[C4] [C5] [C7] [C14] a round opens with the minimum, a latecomer waits, all deltas close it, the last body is evaluated", async () => {
  await start({ rounds: 2 });
  const one = await meet("one", "a");
  await one.told((now) => now.kind === "gathering" && now.ready === 1 && now.minimum === 2);
  const two = await meet("two", "b");
  await one.told(({ kind }) => kind === "training");
  const late = await meet("late", "b");
  expect(await late.told(({ kind }) => kind === "training")).toMatchObject({ assignment: null });
  expect(await one.deliver(1, delta("1a"))).toBe("ok");
  expect(await two.deliver(1, delta("1b"))).toBe("ok");
  const second = await late.told((now) => now.kind === "training" && now.round === 2);
  expect(second).toMatchObject({ assignment: { slots: 2 }, stepsBefore: 6, totalSteps: 12 });
  for (const [i, each] of [one, two, late].entries())
    expect(await each.deliver(2, delta(`2 ${i}`))).toBe("ok");
  await one.told(({ kind }) => kind === "evaluating");
  expect(
    await one.word(events.evaluation, { body: 1, id: "0".repeat(64), nats: 1, tokens: 1, bytes: 1 }),
  ).toBe("wrong-body");
  for (const each of [one, two, late]) expect(await evaluate(each)).toBe("ok");
  await server.finished;
  expect(await one.deliver(2, delta("after"))).toBe("finished");
  expect(figuresOf(await journal())).toEqual(server.figures());
});

test("[C10] a large body, which a thread averages, is the mean of its deltas too, and passes the same points", {
  timeout: 60_000,
}, async () => {
  const points: string[] = [];
  run = writeRun(folder, { rounds: 2, width: 256, keep: "{ deltaRounds: all }" });
  await serve({ faults: (point) => void points.push(point) });
  const { sections } = server.state().body;
  expect(sections[0]!.sizeBytes).toBeGreaterThan(2 ** 20);
  const [one, two] = await pair();
  for (const round of [1, 2]) {
    await one.told((now) => now.kind === "training" && now.round === round);
    expect(await one.deliver(round, delta(`${round}a`))).toBe("ok");
    expect(await two.deliver(round, delta(`${round}b`))).toBe("ok");
  }
  await one.told(({ kind }) => kind === "evaluating");
  expect(await assertMeans(await journal(), 2, blobIn(join(folder, "data")))).toEqual([1, 2]);
  expect(points.filter((point) => point === "close:after-aggregate")).toHaveLength(2);
});

test("[C7] [C8] a volunteer that stalls costs the deadline, and a round with nothing begins anew", async () => {
  await start({ rounds: 1, round: "{ minimum: 2, deadlineSeconds: 0.4, evaluationSeconds: 0.4 }" });
  const [one] = await pair();
  await one.told(({ kind }) => kind === "training");
  await until(() => server.figures().seq >= 4);
  expect(await facts("lapsed")).not.toHaveLength(0);
  await until(() => phase() === "training");
  let word = "";
  for (let i = 0; i < 20 && word !== "ok"; i++) word = await one.deliver(1, delta("alone"));
  expect(word).toBe("ok");
  await server.finished; // the evaluation has a deadline too: nobody sent one
  expect(await facts("closed")).toMatchObject([{ reason: "deadline" }]);
});

test("[C7] with a quorum, the others have the grace and no more", async () => {
  await start({
    rounds: 1,
    round: "{ minimum: 2, quorum: 1, quorumSources: 1, graceSeconds: 0.1, evaluationSeconds: 0.1 }",
  });
  const [one] = await pair();
  await one.told(({ kind }) => kind === "training");
  expect(await one.deliver(1, delta("quick"))).toBe("ok");
  await server.finished;
  expect(await facts("closed")).toMatchObject([{ reason: "quorum" }]);
});

test("[C1] [C3] started again in every phase, the run is where it was, and the body is the same", async () => {
  await start({ rounds: 1 });
  await restart();
  expect(phase()).toBe("gathering");
  let [one, two] = await pair();
  await one.told(({ kind }) => kind === "training");
  await restart();
  expect(phase()).toBe("training");
  [one, two] = await pair();
  expect(await one.told(({ kind }) => kind === "training")).toMatchObject({ assignment: { slot: 0 } });
  expect(await one.deliver(1, delta("1a"))).toBe("ok");
  await restart();
  [one, two] = await pair();
  expect(await one.told(({ kind }) => kind === "training")).toMatchObject({ accepted: true });
  expect(await two.deliver(1, delta("1b"))).toBe("ok");
  await two.told(({ kind }) => kind === "evaluating");
  const before = server.figures();
  await restart();
  expect(phase()).toBe("evaluating");
  expect(server.figures().bodies).toEqual(before.bodies);
  [one, two] = await pair();
  for (const each of [one, two]) expect(await evaluate(each)).toBe("ok");
  await server.finished;
  await restart();
  expect(phase()).toBe("finished");
  await server.finished;
});

test("other values on the same data are refused key by key; description, deadlines and rounds may change", async () => {
  await start();
  const text = readFileSync(run, "utf8");
  writeFileSync(run, text.replace("peak: 0.01", "peak: 0.02").replace("batch: 4", "batch: 5"));
  await server.close();
  await expect(serve()).rejects.toMatchObject({
    name: "RunMismatch",
    keys: ["training.batch", "training.learningRate.peak"],
  });
  writeFileSync(run, text.replace("a test", "another word").replace("rounds: 2", "rounds: 5"));
  await serve();
  expect(server.figures()).toMatchObject({ description: "another word", rounds: 5 });
  await expect(serve()).rejects.toMatchObject({ name: "FolderInUse", owner: { port: server.port } });
});

test("[C42] rounds that are lowered to what is done end the run where the host says so, and raised ones reopen it", async () => {
  await start({
    rounds: 5,
    round: "{ minimum: 2, quorum: all, deadlineSeconds: 3600, evaluationSeconds: 0.1 }",
  });
  const [one, two] = await pair();
  await one.told(({ kind }) => kind === "training");
  for (const each of [one, two]) expect(await each.deliver(1, delta(`1 ${each.secret}`))).toBe("ok");
  await until(() => server.figures().published === 1);
  leave();
  await server.close();
  const text = readFileSync(run, "utf8");
  const rounds = (count: number) => writeFileSync(run, text.replace("rounds: 5", `rounds: ${count}`));
  rounds(1);
  await expect(serve()).rejects.toThrow(
    "rounds: expected more than the 1 that are done (to end the run with them: --end), got 1",
  );
  await serve({ end: true });
  await server.finished;
  expect(await facts("finished")).toHaveLength(1);
  rounds(2);
  await restart({ extend: false });
  expect(phase()).toBe("finished");
  await restart();
  expect(phase()).not.toBe("finished");
  expect(server.figures()).toMatchObject({ finished: false, rounds: 2 });
  const again = await pair();
  await again[0].told((now) => now.kind === "training" && now.round === 2);
  for (const each of again) expect(await each.deliver(2, delta(`2 ${each.secret}`))).toBe("ok");
  await server.finished;
  expect((await journal()).filter(({ fact }) => fact.kind === "reopened")).toHaveLength(1);
});

test("[C16] [C17] [C18] the admin pauses, resumes, removes, ends the round and the run; each is in the journal", async () => {
  await start({ rounds: 3 });
  const [one, two] = await pair();
  await one.told(({ kind }) => kind === "training");
  expect(await admin(one, { kind: "pause" })).toBe("ok");
  expect(await one.told(({ paused }) => paused)).toMatchObject({ kind: "training" });
  expect(await one.deliver(1, delta("while paused"))).toBe("ok");
  expect(await admin(one, { kind: "resume" })).toBe("ok");
  expect(await admin(one, { kind: "end-round" })).toBe("ok");
  await one.told((now) => now.kind === "training" && now.round === 2);

  const removed = new Promise((resolve) => two.socket.on(events.removed, resolve));
  const { volunteer } = server.figures().deltas[0]!;
  const other = server.state().phase;
  const assigned = other.kind === "training" ? [...other.assigned.keys()] : [];
  const target = assigned.find((each) => each !== volunteer)!;
  expect(await admin(one, { kind: "remove", volunteer: target })).toBe("ok");
  expect(await removed).toEqual({ reason: "removed" });
  const again = await client(server.url, "two");
  clients.push(again);
  expect(await again.hello("b")).toEqual({ ok: false, refusal: "removed" });

  expect(await one.deliver(2, delta("2a"))).toBe("ok");
  await until(() => server.figures().published === 2);
  expect(await one.told(({ kind }) => kind === "gathering")).toMatchObject({ round: 3, ready: 1 });
  expect(await admin(one, { kind: "end-run" })).toBe("ok");
  await until(() => phase() !== "gathering");
  if (phase() === "evaluating") expect(await evaluate(one)).toBe("ok");
  await server.finished;
  const kinds = (await journal()).map(({ fact }) => fact.kind);
  for (const kind of ["paused", "resumed", "removed", "ending", "finished"]) expect(kinds).toContain(kind);
});

test("[P14] [P15] bodies and texts are immutable, cacheable and come in ranges; the journal comes in pages", async () => {
  await start();
  const { sha256 } = server.state().body.sections[0]!;
  const whole = await fetch(`${server.url}/bodies/${sha256}`);
  const bytes = new Uint8Array(await whole.arrayBuffer());
  expect(sha256Of(bytes)).toBe(sha256);
  expect(whole.headers.get("cache-control")).toBe("public, max-age=31536000, immutable");
  const etag = whole.headers.get("etag")!;
  const part = await fetch(`${server.url}/bodies/${sha256}`, { headers: { range: "bytes=10-19" } });
  expect(part.status).toBe(206);
  expect(part.headers.get("content-range")).toBe(`bytes 10-19/${bytes.length}`);
  expect(new Uint8Array(await part.arrayBuffer())).toEqual(bytes.subarray(10, 20));
  const beyond = await fetch(`${server.url}/bodies/${sha256}`, {
    headers: { range: `bytes=${bytes.length}-` },
  });
  expect(beyond.status).toBe(416);
  const known = await fetch(`${server.url}/bodies/${sha256}`, { headers: { "if-none-match": etag } });
  expect(known.status).toBe(304);
  const { served } = server.state().manifest.sources[0]!;
  const text = await fetch(`${server.url}/texts/${served!.train}`);
  expect(sha256Of(new Uint8Array(await text.arrayBuffer()))).toBe(served!.train);
  const page = (await (await fetch(`${server.url}/api/journal?limit=1`)).json()) as { entries: unknown[] };
  expect(page.entries).toHaveLength(1);
  const figures = await (await fetch(`${server.url}/api/figures`)).json();
  expect(readFigures(figures)).toEqual(server.figures());
  expect(readFigures(figures).manifest).toEqual(await (await fetch(`${server.url}/api/run`)).json());
  const lines = (await (await fetch(`${server.url}/api/journal.jsonl`)).text()).trim().split("\n");
  expect(JSON.parse(lines[0]!)).toEqual(page.entries[0]);
});

test("[P73] [V73] a download goes on at its byte: when the line breaks at once, where nothing comes when it is asked for again", async () => {
  await start();
  const [{ sha256, sizeBytes }] = server.state().body.sections as [SectionFile];
  const wire = await openWire(() => Number(new URL(server.url).port));
  const signal = new AbortController().signal;
  const { download } = webNet(wire.url);
  const told: number[] = [];
  const take = () => download(`/bodies/${sha256}`, sizeBytes, (done) => told.push(done), signal);
  const ranges = () =>
    wire.connections.flatMap(({ sent }) =>
      sent.map((one) =>
        one.kind === "request" ? /\r\nrange: bytes=(\d+)-\r\n/i.exec(String(one.bytes)) : null,
      ),
    );
  wire.breakOff(Math.floor(sizeBytes / 3));
  expect(sha256Of(await take())).toBe(sha256);
  const [none, again] = ranges();
  expect(none).toBeNull();
  expect(told).toContain(Number(again![1]));
  expect(told).toEqual(told.toSorted((a, b) => a - b));

  wire.breakOff(Math.floor(sizeBytes / 3), 1); // nothing comes on the one after it
  await expect(take()).rejects.toThrow(/was not reached/);
  expect(sha256Of(await take())).toBe(sha256);
  const last = Number(ranges().at(-1)![1]);
  expect(last).toBeGreaterThan(0);
  expect(told).toContain(last);
  await wire.close();
});

test("[P60] what makes the next body of the one before it is announced, and comes in ranges as bodies do", async () => {
  await start({ down: "int8" });
  const [one, two] = await pair();
  await two.told(({ kind }) => kind === "training");
  const [before] = server.state().body.sections;
  const from = new Uint8Array(await (await fetch(`${server.url}/bodies/${before!.sha256}`)).arrayBuffer());
  expect(await one.deliver(1, delta("1 a"))).toBe("ok");
  expect(await two.deliver(1, delta("1 b"))).toBe("ok");
  const { body } = await one.told(({ kind, body }) => kind === "training" && body.number === 1);
  const [step] = body.steps!;
  expect(step).toMatchObject({ name: "theta", body: 1, from: before!.sha256 });
  const url = `${server.url}/steps/${step!.sha256}`;
  const whole = await fetch(url);
  expect(whole.headers.get("cache-control")).toBe("public, max-age=31536000, immutable");
  const bytes = new Uint8Array(await whole.arrayBuffer());
  expect(bytes.length).toBe(step!.sizeBytes);
  const part = await fetch(url, { headers: { range: "bytes=100-" } });
  expect(new Uint8Array(await part.arrayBuffer())).toEqual(bytes.subarray(100));
  const [theta] = exchangeOf(server.state().manifest).sections;
  expect(sha256Of(withStep(theta!, from, bytes, 1))).toBe(body.sections[0]!.sha256);
  expect((await fetch(`${server.url}/bodies/${step!.sha256}`)).status).toBe(404);
});

test("[P18] a watcher gets what it missed, then what comes", async () => {
  await start();
  const watcher = await client(server.url, "watcher");
  clients.push(watcher);
  const seen: number[] = [];
  watcher.socket.on(events.entries, (list: { seq: number }[]) => seen.push(...list.map(({ seq }) => seq)));
  expect(await watcher.ask(events.watch, { after: 0 })).toEqual({ ok: true, last: 1 });
  await pair();
  await until(() => seen.length >= 2);
  expect(seen).toEqual(seen.map((_, i) => i + 1));
});
