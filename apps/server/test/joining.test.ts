// Sources that join a run which is there [C21]: the file changed and the coordinator restarted, or added by the host while
// it is at rest; at the real server, with volunteers of bare messages.

import { appendFileSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { decodeSafetensors, float32Tensors, type Millis, type Sha256, sha256Of } from "@homebody/base";
import { decodeDelta } from "@homebody/codec";
import { type Entry, type Fact, figuresOf } from "@homebody/coordinator";
import {
  bitsOf,
  encodeSection,
  exchangeFor,
  exchangeOf,
  firstNumbers,
  rowMapFrom,
  rowMapOf,
} from "@homebody/dept";
import { type Announcement, events } from "@homebody/protocol";
import { type Journal, memoryBlobs, memoryJournal, openStore } from "@homebody/store";
import { afterEach, beforeEach, expect, test } from "vitest";
import { blobIn } from "../../../test/blobs.ts";
import { deltaOf } from "../../../test/deltas.ts";
import { writeRun } from "../../../test/run-folder.ts";
import {
  addSource,
  createServer,
  loadRunFile,
  type RunningServer,
  type ServerOptions,
  stderrLog,
} from "../src/index.ts";
import { openRun } from "../src/opening/open-run.ts";
import { type Client, client } from "./client.ts";

let folder: string;
let server: RunningServer | undefined;
const clients: Client[] = [];
const c = "{ id: c, title: C, language: nl, text: served, train: c.jsonl }";
const spec = (kind: "own" | "source" | "global", more = "") =>
  `vocabulary: { kind: ${kind}, size: 300 }\n${more}`;
const glob = `variant: glob\nvocabulary: { kind: global, size: 300 }\n`;
const trim = `variant: trim\nvocabulary: { kind: global, size: 300 }\n`;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "homebody-joining-"));
});
afterEach(async () => {
  await stop();
  rmSync(folder, { recursive: true, force: true });
});

/** The run file of a and b with these lines at its top, and the text of c beside it. */
function write(top: string): void {
  writeRun(folder, { rounds: 3, keep: "{ deltaRounds: all }" });
  const words = ["de", "woorden", "blijven", "thuis"];
  const lines = Array.from(
    { length: 30 },
    (_, i) =>
      `${JSON.stringify({ text: words.map((word, j) => word.repeat(1 + ((i * j) % 3))).join(" ") })}\n`,
  );
  writeFileSync(join(folder, "c.jsonl"), lines.join(""));
  change((text) => `${top}${text.replaceAll(", vocabulary: 300", "").replace("llama", "gpt2")}`);
}

const file = () => join(folder, "run.yaml");
const change = (how: (text: string) => string) => writeFileSync(file(), how(readFileSync(file(), "utf8")));
const withSource = (source: string) =>
  change((text) => text.replace("training:", `  - ${source}\ntraining:`));
const withoutC = () => change((text) => text.replace(/ {2}- \{ id: c.*\n/, ""));

async function start(options: Partial<ServerOptions> = {}): Promise<RunningServer> {
  const dataDir = join(folder, "data");
  server = await createServer({
    run: file(),
    dataDir,
    log: stderrLog("silent"),
    ...options,
  });
  return server;
}

async function stop(): Promise<void> {
  for (const one of clients.splice(0)) one.close();
  await server?.close();
  server = undefined;
}

async function restart(options: Partial<ServerOptions> = {}): Promise<RunningServer> {
  await stop();
  return start(options);
}

async function meet(name: string, source: string): Promise<Client> {
  const one = await client(server!.url, name);
  clients.push(one);
  const { manifest } = server!.state();
  const needs =
    manifest.variant === "trim" && !manifest.sources.find(({ id }) => id === source)!.served?.rows;
  const reply = await one.hello(source, needs ? { rows: bitsOf(rowMapOf(300, [1, 2, 3])) } : {});
  if (!reply.ok) throw new Error(reply.refusal);
  one.hear(reply.announcement);
  await one.word(events.ready, { ready: true });
  return one;
}

async function journal(): Promise<Entry[]> {
  const response = await fetch(`${server!.url}/api/journal?limit=5000`);
  return ((await response.json()) as { entries: Entry[] }).entries;
}

const of = <K extends Fact["kind"]>(entries: readonly Entry[], kind: K) =>
  entries.flatMap(({ fact }) => (fact.kind === kind ? [fact as Extract<Fact, { kind: K }>] : []));
const manifest = () => server!.state().manifest;
const sourceOf = (id: string) => manifest().sources.find((source) => source.id === id)!;
const ids = () => manifest().sources.map(({ id }) => id);
const names = () => server!.state().body.sections.map(({ name }) => name);
const inRound = (round: number) => (now: Announcement) => now.kind === "training" && now.round === round;

async function download(path: string): Promise<Uint8Array> {
  const response = await fetch(`${server!.url}${path}`);
  expect([path, response.status]).toEqual([path, 200]);
  return new Uint8Array(await response.arrayBuffer());
}

const blobPath = (hash: Sha256) => join(folder, "data", "blobs", hash.slice(0, 2), hash);
const onDisk = (hash: Sha256) => new Uint8Array(readFileSync(blobPath(hash)));

/** A delta that a device of this source could have made. */
function delta(source: string, seed: string): Uint8Array {
  const own = sourceOf(source);
  const rows = own.served?.rows;
  const leaves = manifest().variant === "trim" && rows !== undefined;
  const map = leaves ? rowMapFrom(onDisk(rows.sha256), own.vocabulary) : null;
  return deltaOf(manifest(), seed, 1, exchangeFor(manifest(), own, map));
}

async function deliver(round: number, who: Record<string, Client>): Promise<void> {
  for (const [source, one] of Object.entries(who)) {
    await one.told(inRound(round));
    expect([source, await one.deliver(round, delta(source, `${round}${source}`))]).toEqual([source, "ok"]);
  }
}

/** All that a source has of the host is served as what it is, under its hash. */
async function assertServed(id: string): Promise<void> {
  const { served, tokenizer } = sourceOf(id);
  expect(sha256Of(await download(`/texts/${served!.train}`))).toBe(served!.train);
  if (tokenizer !== null)
    expect(sha256Of(await download(`/tokenizers/${tokenizer.sha256}`))).toBe(tokenizer.sha256);
  if (served!.rows !== undefined) expect(sha256Of(onDisk(served!.rows.sha256))).toBe(served!.rows.sha256);
  for (const { name, sha256 } of server!.state().body.sections)
    if (name.endsWith(`/${id}`)) expect(sha256Of(await download(`/bodies/${sha256}`))).toBe(sha256);
}

test.each([
  ["spec, own", spec("own")],
  ["spec, source", spec("source")],
  ["spec, source, words: source", spec("source", "words: source\n")],
  ["spec, global", spec("global")],
  ["spec, global, words: source", spec("global", "words: source\n")],
  ["glob", glob],
  ["trim", trim],
])(
  "%s: the file has another source, and its volunteers take part; the older file still fits",
  async (_, top) => {
    write(top);
    await start();
    withSource(c);
    await restart();
    expect(ids()).toEqual(["a", "b", "c"]);
    await assertServed("c");
    const [added] = of(await journal(), "source-added");
    expect(added).toMatchObject({ schema: 3, source: sourceOf("c") });
    expect(added!.phi).toBe(server!.figures().parameters.phi.c);
    // As every device makes them, which so knows that nobody has trained them yet [V20].
    const first = exchangeOf(manifest()).sections.filter(({ source }) => source === "c");
    expect(added!.sections.map(({ sha256 }) => sha256)).toEqual(
      first.map((one) => sha256Of(encodeSection(manifest(), 0, one, firstNumbers(manifest(), one)))),
    );
    const who = { a: await meet("one", "a"), b: await meet("two", "b") };
    // Somebody of c who comes when the round is open waits for the next one, and disturbs nobody.
    await who.a.told(inRound(1));
    const late = await meet("three", "c");
    expect(await late.told(inRound(1))).toMatchObject({ assignment: null });
    await deliver(1, who);
    expect(await late.told(inRound(2))).toMatchObject({ assignment: { slot: 0, slots: 1 } });
    withoutC();
    await restart();
    expect(ids()).toEqual(["a", "b", "c"]);
    await assertServed("c");
    const three = { a: await meet("one", "a"), b: await meet("two", "b"), c: await meet("three", "c") };
    await deliver(2, three);
    await three.a.told(inRound(3)); // from here on nothing happens by itself
    expect(of(await journal(), "closed").at(-1)!.averaged).toHaveLength(3);
    expect(of(await journal(), "source-added")).toHaveLength(1);
    expect(figuresOf(await journal())).toEqual(server!.figures());

    // It comes to be just what it would have been from the beginning; but a vocabulary for all is trained only once.
    const joined = sourceOf("c");
    const global = top.includes("global");
    if (global) expect(joined.tokenizer).toEqual(sourceOf("a").tokenizer);
    withSource(c);
    await stop();
    const other = await createServer({
      run: file(),
      dataDir: join(folder, "other"),
      log: stderrLog("silent"),
    });
    try {
      const state = other.state();
      const from = state.manifest.sources.find(({ id }) => id === "c")!;
      if (global)
        expect({ ...from, tokenizer: null, served: null }).toEqual({
          ...joined,
          tokenizer: null,
          served: null,
        });
      else expect(joined).toEqual(from);
      if (!global)
        expect(added!.sections.map(({ name, sizeBytes }) => [name, sizeBytes])).toEqual(
          state.body.sections
            .filter(({ name }) => name.endsWith("/c"))
            .map(({ name, sizeBytes }) => [name, sizeBytes]),
        );
    } finally {
      await other.close();
    }
  },
);

test("the round under way is not disturbed: words: source, the source joins with the next body, and is averaged", async () => {
  write(spec("source", "words: source\n"));
  await start();
  let who: Record<string, Client> = { a: await meet("one", "a"), b: await meet("two", "b") };
  await who.a!.told(inRound(1));
  const before = structuredClone(server!.state());
  expect(await who.a!.deliver(1, delta("a", "1a"))).toBe("ok");
  withSource(c);
  await restart();
  const now = server!.state();
  if (now.phase.kind !== "training" || before.phase.kind !== "training") throw new Error(now.phase.kind);
  expect(now.body).toEqual(before.body);
  expect(now.phase.assigned).toEqual(before.phase.assigned);
  expect([...now.phase.accepted.values()].map(({ source }) => source)).toEqual(["a"]);
  expect(ids()).toEqual(["a", "b"]);
  // What the host says of it counts while it waits, and with the file as it was it waits all the same.
  await stop();
  change((text) => text.replace("title: C,", "title: Sea,"));
  await expect(start()).rejects.toMatchObject({ keys: ["sources.2.title"] });
  const source = { id: "c", title: "C", language: "nl", text: "served", train: "c.jsonl" };
  const dataDir = join(folder, "data");
  await expect(addSource({ source, folder, dataDir, place: (key) => `--${key}` })).rejects.toThrow("--id");
  change((text) => text.replace("title: Sea,", "title: C,"));
  await start();
  withoutC();
  await restart();
  expect(of(await journal(), "source-added")).toHaveLength(1);
  who = { a: await meet("one", "a"), b: await meet("two", "b") };
  const early = await client(server!.url, "early");
  clients.push(early);
  expect(await early.hello("c")).toMatchObject({ ok: false, refusal: "unknown-source" });
  await who.b!.told(({ kind }) => kind === "training");
  expect(await who.b!.deliver(1, delta("b", "1b"))).toBe("ok");
  await who.b!.told(({ body }) => body.number === 1);
  expect([ids(), names()]).toEqual([
    ["a", "b", "c"],
    ["theta", "phi/a", "phi/b", "phi/c", "psi/a", "psi/b", "psi/c"],
  ]);
  await assertServed("c");
  expect(server!.figures().sources.at(-1)).toMatchObject({ id: "c", sinceBody: 1 });

  const first = server!.state().body.sections;
  const third = await meet("three", "c");
  await deliver(2, who);
  await deliver(3, { ...who, c: third });
  await third.told(({ body }) => body.number === 3);
  const last = server!.state().body.sections;
  const numbers = (list: typeof last, name: string) =>
    float32Tensors(decodeSafetensors(onDisk(list.find((one) => one.name === name)!.sha256))).data;
  // Nobody exchanged c's words in round 2; in round 3 one did: its delta is the whole mean.
  const own = exchangeFor(manifest(), sourceOf("c"), null);
  const sent = of(await journal(), "accepted").find(({ source }) => source === "c")!;
  const moved = decodeDelta(
    (await blobIn(join(folder, "data"))(sent.delta))!,
    own.sections.map(({ codec, held }) => ({ codec, layout: held })),
  );
  for (const [i, { name }] of own.sections.entries()) {
    if (name === "theta") continue;
    const [from, to] = [numbers(first, name), numbers(last, name)];
    const { data } = moved[i]!.numbers;
    expect([...to]).toEqual([...from].map((x, j) => Math.fround(x + data[j]!)));
    expect(to).not.toEqual(from);
  }
});

test("what names are durable stays so: blobs of a source that joined outlive restarts and their tidying", async () => {
  write(spec("source", "words: source\n"));
  await start();
  withSource(c);
  await restart();
  for (const round of [0, 1, 2]) {
    await assertServed("c");
    if (round === 1) withoutC();
    await restart();
  }
  await assertServed("c");
});

test("what the file leaves out is the stored run's, also for a source that joins", async () => {
  write(`${spec("source", "words: source\n")}heldOut: { share: 0.4 }\n`);
  change((text) =>
    text.replace("heldOut: { sampleRows: 8 }\n", "").replace("rounds: 3", "rounds: 3\nweighting: tokens"),
  );
  await start();
  // By itself this file says: vocabularies of devices, 2,048 tokens, a tenth held out.
  change((text) => text.replace(/^(vocabulary|words|heldOut|weighting): .*\n/gm, ""));
  withSource(c);
  await restart();
  expect(sourceOf("c")).toMatchObject({ vocabulary: 300, words: "source" });
  const { tokenizer } = sourceOf("c");
  const [was] = of(await journal(), "created");
  await stop();
  // The same vocabulary as with all of it written from the beginning.
  change((text) => `${spec("source", "words: source\n")}heldOut: { share: 0.4 }\nweighting: tokens\n${text}`);
  const other = await createServer({ run: file(), dataDir: join(folder, "other"), log: stderrLog("silent") });
  expect(other.state().manifest.sources[2]!.tokenizer).toEqual(tokenizer);
  expect(was!.manifest.heldOut.share).toBe(0.4);
  await other.close();
  // And a source that the stored run cannot have is refused by its key, before anything is written.
  change((text) => text.replace(/^(vocabulary|words|heldOut|weighting): .*\n/gm, ""));
  withSource("{ id: d, title: D, language: nl, text: brought }");
  await expect(start()).rejects.toThrow(
    "sources.3.tokenizer: expected a tokenizer.json, since the host has no text to train one on, got nothing",
  );
});

test("other values of a source that joined are refused by their keys, and so is a source that was there and is missing", async () => {
  write(spec("own"));
  await start();
  withSource(c);
  await restart();
  const refusedBy = async (how: (text: string) => string) => {
    const before = readFileSync(file(), "utf8");
    change(how);
    await stop();
    const error = await start().catch((error: unknown) => error);
    writeFileSync(file(), before);
    return (error as { keys?: readonly string[] }).keys;
  };
  expect(await refusedBy((text) => text.replace("title: C,", "title: Sea,"))).toEqual(["sources.2.title"]);
  expect(await refusedBy((text) => text.replace("c.jsonl }", "c.jsonl, vocabulary: 400 }"))).toEqual([
    "sources.2.vocabulary",
  ]);
  expect(await refusedBy((text) => text.replace(/ {2}- \{ id: b.*\n/, ""))).toEqual(["sources.b"]);
  appendFileSync(join(folder, "c.jsonl"), `${JSON.stringify({ text: "meer" })}\n`);
  expect(await refusedBy((text) => text)).toEqual(["sources.2.served.train", "sources.2.served.trainBytes"]);
});

test("killed between what a fact names and the fact: nothing has happened, and the next start does it", async () => {
  write(spec("source", "words: source\n"));
  await start();
  const blobs = async () => {
    const store = await openStore({ dataDir: join(folder, "data") });
    const list = [...(await store.blobs.list())].sort();
    await store.close();
    return list;
  };
  const before = [await journal(), await blobs()] as const;
  withSource(c);
  await stop();
  const faults: ServerOptions["faults"] = (point) => {
    if (point === "join:before-fact") throw new Error("killed");
  };
  await expect(start({ faults })).rejects.toThrow("killed");
  expect((await blobs()).length).toBeGreaterThan(before[1].length);
  // The host thinks better of it: what was left goes.
  withoutC();
  await start();
  expect([(await journal()).filter(({ fact }) => fact.kind !== "restarted"), await blobs()]).toEqual(before);
  withSource(c);
  await stop();
  await expect(start({ faults })).rejects.toThrow("killed");
  await start();
  expect(ids()).toEqual(["a", "b", "c"]);
  await assertServed("c");
});

test("of a run whose end has begun no source is part any more: it goes on without it, and the host is told", async () => {
  write(spec("own"));
  await start();
  const admin = await client(server!.url, "admin");
  clients.push(admin);
  const { adminToken: token } = server!;
  expect(await admin.word(events.admin, { token, act: { kind: "end-run" } })).toBe("ok");
  await server!.finished;
  withSource(c);
  await restart();
  expect([ids(), server!.state().phase.kind]).toEqual([["a", "b"], "finished"]);
  await stop();
  const source = { id: "d", title: "D", language: "nl", text: "brought" };
  const place = (key: string) => `--${key}`;
  await expect(addSource({ source, folder, place, dataDir: join(folder, "data") })).rejects.toThrow(
    "--id: expected a run of which a further round opens, got one that is at its end",
  );
});

test("the host adds a source while the coordinator is stopped; while it runs it is told to stop it first", async () => {
  write(spec("source"));
  const running = await start();
  const dataDir = join(folder, "data");
  const source = { id: "c", title: "C", language: "nl", text: "served", train: "c.jsonl" };
  const add = (given: object = source) =>
    addSource({ source: given as typeof source, folder, place: (key) => `--${key}`, dataDir });
  await expect(add()).rejects.toThrow(
    `data folder: expected a run at rest: stop its coordinator first, the next start goes on where it was, got ${dataDir}, which is in use (process ${process.pid}, port ${running.port})`,
  );
  await stop();
  await expect(addSource({ source, folder, place: String, dataDir: folder })).rejects.toThrow(
    `data folder: expected one that holds a run, got ${folder}`,
  );
  await expect(add({ ...source, train: "nowhere" })).rejects.toThrow(
    `--train: expected a file or folder at ${join(folder, "nowhere")}, got ENOENT`,
  );
  await expect(add({ ...source, id: "a" })).rejects.toThrow(
    '--id: expected an id that no other source has, got "a"',
  );
  const added = await add();
  expect(added).toMatchObject({ source: { id: "c", vocabulary: 300 }, waits: false });
  await expect(add()).rejects.toThrow("--id");
  await start(); // the file does not know of it
  expect(sourceOf("c")).toEqual(added.source);
  await assertServed("c");
  withSource(c);
  await restart();
  expect(of(await journal(), "source-added")).toHaveLength(1);
});

test("of several runs in a database a file's is the one that it has the sources of", async () => {
  write(spec("own"));
  const blobs = memoryBlobs();
  const nothing = async () => {};
  const of = (journal: Journal) => ({
    ...{ journal, blobs, now: 1 as Millis, faults: () => {}, dataDir: folder },
    run: { candidates: journal.runs, begin: nothing, claim: nothing, settle: nothing },
  });
  const both = memoryJournal();
  const first = await openRun(await loadRunFile(file()), of(both));
  withSource(c);
  const own = memoryJournal();
  const second = await openRun(await loadRunFile(file()), of(own));
  const [created] = await own.read(second.state.manifest.run, 0, 1);
  await both.append(second.state.manifest.run, 0, 1 as Millis, [created!.fact]);
  const found = await openRun(await loadRunFile(file()), of(both));
  expect(found.state.manifest.run).toBe(second.state.manifest.run);
  withoutC();
  const other = await openRun(await loadRunFile(file()), of(both));
  expect(other.state.manifest.run).toBe(first.state.manifest.run);
  expect(existsSync(join(folder, "data"))).toBe(false);
});
