// Every variant at the real server, with volunteers of bare messages: sections, row maps, sizes, means, and restarts.

import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { random, type Sha256, sha256Of } from "@homebody/base";
import type { Entry } from "@homebody/coordinator";
import { bitsOf, exchangeFor, type RowMap, rowMapOf } from "@homebody/dept";
import { type Announcement, events, type RunFile, type SectionFile } from "@homebody/protocol";
import { folderBlobs } from "@homebody/store";
import { afterEach, beforeEach, expect, test } from "vitest";
import { blobIn } from "../../../test/blobs.ts";
import { deltaOf } from "../../../test/deltas.ts";
import { assertMeans } from "../../../test/recompute.ts";
import { writeRun } from "../../../test/run-folder.ts";
import { createServer, loadRunFile, type RunningServer, stderrLog } from "../src/index.ts";
import { type Client, client } from "./client.ts";

let folder: string;
let server: RunningServer;
let change: Partial<RunFile>;
const clients: Client[] = [];
const vocabulary = 300;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "homebody-variants-"));
});
afterEach(async () => {
  leave();
  await server.close();
  rmSync(folder, { recursive: true, force: true });
});

const leave = () => {
  for (const one of clients.splice(0)) one.close();
};

async function serve(): Promise<void> {
  const loaded = await loadRunFile(join(folder, "run.yaml"));
  const { model } = loaded.file;
  const run = {
    ...loaded,
    file: { ...loaded.file, model: { ...model, family: "gpt2" }, ...change } as RunFile,
  };
  server = await createServer({ run, dataDir: join(folder, "data"), log: stderrLog("silent") });
}

async function start(file: Partial<RunFile>, keep = "{ deltaRounds: all }"): Promise<void> {
  writeRun(folder, { rounds: 3, keep });
  change = file;
  await serve();
}

async function restart(): Promise<void> {
  leave();
  await server.close();
  await serve();
}

/** About half of the vocabulary, and never the last ten rows. */
function rowsOf(seed: string): RowMap {
  const dice = random(seed);
  return rowMapOf(vocabulary, [0, ...Array.from({ length: 150 }, () => dice.below(vocabulary - 10))]);
}

async function meet(name: string, source: string, rows: RowMap | null, ready = true): Promise<Client> {
  const one = await client(server.url, name);
  clients.push(one);
  const reply = await one.hello(source, rows === null ? {} : { rows: bitsOf(rows) });
  if (!reply.ok) throw new Error(reply.refusal);
  one.hear(reply.announcement);
  if (ready) await one.word(events.ready, { ready });
  return one;
}

function delta(source: string, rows: RowMap | null, seed: string): Uint8Array {
  const { manifest } = server.state();
  const own = manifest.sources.find(({ id }) => id === source)!;
  return deltaOf(manifest, seed, 1, exchangeFor(manifest, own, rows));
}

const inRound = (round: number) => (now: Announcement) => now.kind === "training" && now.round === round;

async function journal(): Promise<Entry[]> {
  const response = await fetch(`${server.url}/api/journal?limit=5000`);
  return ((await response.json()) as { entries: Entry[] }).entries;
}

const blob = (hash: Sha256) => blobIn(join(folder, "data"))(hash);

const outers = {
  averaging: { kind: "averaging" },
  nesterov: { kind: "nesterov", lr: 0.7, momentum: 0.9 },
  adam: { kind: "adam", lr: 0.01, betas: [0.9, 0.99], epsilon: 1e-3 },
} satisfies Record<string, RunFile["outer"]>;

test.each([
  ["glob", "averaging", "fp32"],
  ["glob", "adam", "fp32"],
  ["trim", "averaging", "fp16"],
  ["trim", "nesterov", "fp32"],
  ["trim", "adam", "fp32"],
] as const)(
  "%s, %s, %s: every section is averaged over its holders, also across a restart",
  async (variant, outer, codec) => {
    await start({ variant, codec, outer: outers[outer] });
    // Other rows each round: what was kept of those that nobody holds any more stays, bit for bit.
    const mapOf = (name: string) => (variant === "trim" ? rowsOf(name) : null);
    const known = new Map<Sha256, Uint8Array>();
    for (const round of [1, 2, 3]) {
      const maps = [mapOf(`a${round}`), mapOf(`b${round}`)] as const;
      const a = await meet("one", "a", maps[0]);
      const b = await meet("two", "b", maps[1]);
      await a.told(inRound(round));
      expect(await a.deliver(round, delta("a", maps[0], `${round}a`))).toBe("ok");
      if (round === 2) await restart();
      const again = round === 2 ? await meet("two", "b", maps[1]) : b;
      // Nobody is ready for the next round before the other rows are declared.
      for (const one of clients) await one.word(events.ready, { ready: false });
      expect(await again.deliver(round, delta("b", maps[1], `${round}b`))).toBe("ok");
      await again.told(({ body }) => body.number === round);
      const kept = server.state().outer;
      expect(kept.map(({ name }) => name)).toEqual(outer === "averaging" ? [] : ["theta", "phi", "psi"]);
      for (const { sha256 } of kept) known.set(sha256, (await blob(sha256))!); // gone with the next body
      leave();
    }
    expect(server.state().body.sections.map(({ name }) => name)).toEqual(["theta", "phi", "psi"]);
    const read = async (hash: Sha256) => known.get(hash) ?? (await blob(hash));
    expect(await assertMeans(await journal(), 2, read)).toEqual([1, 2, 3]);
    const { traffic } = server.figures();
    expect(Object.values(traffic.sectionBytes).every((bytes) => bytes > 0)).toBe(true);
    for (const { sha256, sizeBytes } of server.state().body.sections) {
      const bytes = new Uint8Array(await (await fetch(`${server.url}/bodies/${sha256}`)).arrayBuffer());
      expect([sha256Of(bytes), bytes.length]).toEqual([sha256, sizeBytes]);
    }
  },
);

test("words of a source: a round without it leaves its sections and what was kept of them, all of it are one mean", async () => {
  const round = { minimum: 3, quorum: "all", graceSeconds: 1, deadlineSeconds: 3600 } as const;
  const more = { minimumSeconds: 0, quorumSources: "all", excuseAfter: 2 } as const;
  const unhurried = { ...more, evaluationSeconds: 3600, sources: "all" } as const;
  const vocabulary = { kind: "source", size: 300, sampleBytes: 1_000_000 } as const;
  await start({
    vocabulary,
    words: "source",
    outer: outers.nesterov,
    codec: "fp32",
    round: { ...round, ...unhurried },
  });
  const kept: (readonly SectionFile[])[] = [];
  const known = new Map<Sha256, Uint8Array>();
  for (const round of [1, 2, 3]) {
    const names = round === 2 ? ["a1", "a2", "a3"] : ["a1", "a2", "b"];
    const all: Client[] = [];
    for (const name of names) all.push(await meet(name, name.slice(0, 1), null, false));
    for (const one of all) await one.word(events.ready, { ready: true });
    for (const [i, one] of all.entries()) {
      await one.told(inRound(round));
      const last = i === all.length - 1;
      if (last) for (const other of all) await other.word(events.ready, { ready: false });
      const name = names[i]!;
      expect(await one.deliver(round, delta(name.slice(0, 1), null, `${round} ${name}`))).toBe("ok");
    }
    await all[0]!.told(({ body }) => body.number === round);
    kept.push(server.state().outer);
    for (const { sha256 } of server.state().outer) known.set(sha256, (await blob(sha256))!);
    leave();
  }
  expect(server.state().body.sections.map(({ name }) => name)).toEqual([
    ...["theta", "phi/a", "phi/b", "psi/a", "psi/b"],
  ]);
  for (const name of ["phi/b", "psi/b"]) {
    const [first, second, third] = kept.map((files) => files.find((file) => file.name === name)!.sha256);
    expect(second, name).toBe(first);
    expect(third, name).not.toBe(first);
  }
  const read = async (hash: Sha256) => known.get(hash) ?? (await blob(hash));
  expect(await assertMeans(await journal(), 3, read)).toEqual([1, 2, 3]);
});

test("trim: rows that are not declared, or do not fit, are refused, and so is a delta of other rows", async () => {
  await start({ variant: "trim" });
  const [mine, others] = [rowsOf("a"), rowMapOf(vocabulary, [1, 2, 3])];
  const stray = await client(server.url, "stray");
  clients.push(stray);
  const word = async (rows?: Uint8Array) => {
    const reply = await stray.hello("a", rows === undefined ? {} : { rows });
    return reply.ok ? "ok" : reply.refusal;
  };
  expect(await word()).toBe("wrong-rows");
  expect(await word(new Uint8Array(12))).toBe("wrong-rows");
  expect(await word(new Uint8Array(Math.ceil(vocabulary / 8)))).toBe("wrong-rows");
  expect(await word(new Uint8Array(9000))).toBe("malformed");
  const a = await meet("one", "a", mine);
  await meet("two", "b", others);
  await a.told(inRound(1));
  expect(await a.deliver(1, delta("a", others, "x"))).toBe("wrong-size");
  expect(await a.deliver(1, delta("a", mine, "x"))).toBe("ok");
});

test("[C29] row maps and deltas go from the disk three rounds later, and every section of an old body", async () => {
  await start({ variant: "trim", rounds: 7 }, "{}");
  const maps = [rowsOf("a"), rowsOf("b")];
  const a = await meet("one", "a", maps[0]!);
  const b = await meet("two", "b", maps[1]!);
  for (let round = 1; round <= 7; round++) {
    await a.told(inRound(round));
    expect(await a.deliver(round, delta("a", maps[0]!, `${round}a`))).toBe("ok");
    expect(await b.deliver(round, delta("b", maps[1]!, `${round}b`))).toBe("ok");
  }
  await a.told(({ body }) => body.number === 7);
  const entries = await journal();
  const bodies = entries.flatMap(({ fact }) =>
    fact.kind === "published" || fact.kind === "created" ? [fact.sections.map(({ sha256 }) => sha256)] : [],
  );
  const texts = server.state().manifest.sources.map(({ served }) => served!.train);
  const late = entries.flatMap(({ fact }) =>
    fact.kind === "accepted" && fact.round > 4 ? [fact.delta, fact.rows!] : [],
  );
  const kept = [...[0, 3, 4, 5, 6, 7].flatMap((n) => bodies[n]!), ...new Set(late)];
  const blobs = await folderBlobs(join(folder, "data", "blobs"));
  for (let i = 0; i < 100 && (await blobs.list()).length > kept.length + texts.length; i++)
    await new Promise((resolve) => setTimeout(resolve, 20));
  expect(await blobs.list()).toEqual([...kept, ...texts].sort());
});
