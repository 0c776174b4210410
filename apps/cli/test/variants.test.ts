// Run files of every variant and every home of vocabularies, through the real coordinator with real volunteers, across
// a restart of the coordinator in the middle: what travels, who counts it, and what becomes of it.

import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Sha256, sha256Of } from "@homebody/base";
import { type Entry, firstLast } from "@homebody/coordinator";
import { groupNames, groupOf } from "@homebody/protocol";
import { createServer, RunMismatch, type RunningServer, stderrLog } from "@homebody/server";
import { openStore } from "@homebody/store";
import { splitHeldOut, type Tokenizer, tokenizerFromJson, trainTokenizer } from "@homebody/text";
import { startHeadless } from "@homebody/volunteer/node";
import type { View } from "@homebody/volunteer/view";
import { expect, test, vi } from "vitest";
import { assertMeans } from "../../../test/recompute.ts";
import { writeTexts } from "../../../test/run-folder.ts";

vi.setConfig({ testTimeout: 60_000 }); // several runs at once, on two cores

const source = (id: "a" | "b", more: object = {}) => ({
  id,
  title: id,
  language: "en",
  text: "served",
  train: `${id}.jsonl`,
  ...more,
});
const brought = (more: object = {}) => ({ id: "b", title: "b", language: "en", text: "brought", ...more });

/** A run in a folder of its own, with a tokenizer.json of another hand. JSON is YAML. */
function runOf(file: object) {
  const folder = mkdtempSync(join(tmpdir(), "homebody-variants-"));
  const ends: (() => Promise<unknown>)[] = [async () => rmSync(folder, { recursive: true, force: true })];
  const texts = writeTexts(folder);
  const given = trainTokenizer([...texts.a, ...texts.b], { vocabulary: 290 });
  writeFileSync(join(folder, "tokenizer.json"), given.toJson());
  const path = join(folder, "run.yaml");
  const write = (change: object = {}) =>
    writeFileSync(
      path,
      JSON.stringify({
        name: "variants",
        description: "a test",
        model: {
          family: "gpt2",
          depth: 1,
          context: 16,
          overrides: { width: 16, heads: 2, hidden: 32 },
        },
        sources: [source("a"), source("b")],
        training: { localSteps: 4, batch: 4, learningRate: { peak: 0.01, warmupSteps: 0 } },
        outer: { kind: "averaging" },
        codec: "fp32",
        rounds: 2,
        round: { minimum: 2, deadlineSeconds: 3600, evaluationSeconds: 3600 },
        heldOut: { sampleRows: 8 },
        keep: { deltaRounds: "all" },
        ...file,
        ...change,
      }),
    );
  write();
  const end = async () => {
    for (const one of ends.splice(0).reverse()) await one();
  };
  return { folder, path, texts, given, write, ends, end };
}

type Run = ReturnType<typeof runOf>;

async function serve({ folder, path, ends }: Run, port = 0): Promise<RunningServer> {
  const server = await createServer({
    run: path,
    dataDir: join(folder, "data"),
    port,
    log: stderrLog("silent"),
  });
  ends.push(() => server.close());
  return server;
}

/** `a`, `a2`, `b-brought`: of source a or b, each with a folder of its own. */
async function volunteer({ folder, ends }: Run, url: string, name: string) {
  const id = name.slice(0, 1);
  const { volunteer } = await startHeadless({
    url,
    source: id,
    backend: "wasm",
    threads: 1,
    dataDir: join(folder, name),
    show: () => {},
    ...(name.endsWith("brought") ? { text: [join(folder, `${id}.jsonl`)] } : {}),
  });
  ends.push(() => volunteer.close());
  return volunteer;
}

async function journalOf({ url }: RunningServer): Promise<Entry[]> {
  const response = await fetch(`${url}/api/journal?limit=5000`);
  return ((await response.json()) as { entries: Entry[] }).entries;
}

async function tokenizerAt(url: string, hash: Sha256): Promise<Tokenizer> {
  const bytes = new Uint8Array(await (await fetch(`${url}/tokenizers/${hash}`)).arrayBuffer());
  expect(sha256Of(bytes)).toBe(hash);
  return tokenizerFromJson(new TextDecoder().decode(bytes));
}

/** The tokens that occur in a text, the end of document among them. */
function tokensOf(texts: readonly string[], tokenizer: Tokenizer): ReadonlySet<number> {
  return new Set([tokenizer.endOfDocument, ...texts.flatMap((text) => [...tokenizer.encode(text)])]);
}

interface Case {
  readonly title: string;
  readonly file: object;
  readonly volunteers: readonly string[];
  readonly sections: readonly string[];
  /** Whose tokenizers: `all` have the same, `each` source its own, `none` is served. */
  readonly tokenizers: "all" | "each" | "none" | "given";
}

const ab = ["a", "b"];
const cases: readonly Case[] = [
  {
    title: "glob, one vocabulary that is trained on all texts",
    file: { variant: "glob", vocabulary: { kind: "global", size: 300 } },
    volunteers: ab,
    sections: ["theta", "phi", "psi"],
    tokenizers: "all",
  },
  {
    title: "trim, one vocabulary that is trained on all texts",
    file: { variant: "trim", vocabulary: { kind: "global", size: 300 } },
    volunteers: ab,
    sections: ["theta", "phi", "psi"],
    tokenizers: "all",
  },
  {
    title: "trim, a tokenizer that is given, one text brought, two of a source",
    file: {
      variant: "trim",
      vocabulary: { kind: "global", file: "tokenizer.json" },
      sources: [source("a"), brought()],
      round: { minimum: 3, deadlineSeconds: 3600, evaluationSeconds: 3600 },
    },
    volunteers: ["a", "a2", "b-brought"],
    sections: ["theta", "phi", "psi"],
    tokenizers: "given",
  },
  {
    title: "spec, one vocabulary for all, of which a device keeps what its text needs",
    file: { vocabulary: { kind: "global", size: 300 } },
    volunteers: ab,
    sections: ["theta"],
    tokenizers: "all",
  },
  {
    title: "spec, one vocabulary for all, words of the source",
    file: { vocabulary: { kind: "global", size: 300 }, words: "source" },
    volunteers: ab,
    sections: ["theta", "phi/a", "phi/b", "psi/a", "psi/b"],
    tokenizers: "all",
  },
  {
    title: "spec, a tokenizer a source, words of the device, one given for text that is brought",
    file: {
      vocabulary: { kind: "source", size: 300 },
      sources: [source("a"), brought({ tokenizer: "tokenizer.json" })],
    },
    volunteers: ["a", "b-brought"],
    sections: ["theta"],
    tokenizers: "each",
  },
  {
    title: "spec, a tokenizer a source, words of the source, two of one and one of the other",
    file: {
      vocabulary: { kind: "source", size: 300 },
      words: "source",
      sources: [source("a", { vocabulary: 265 }), source("b")],
      round: { minimum: 3, deadlineSeconds: 3600, evaluationSeconds: 3600 },
    },
    volunteers: ["a", "a2", "b"],
    sections: ["theta", "phi/a", "phi/b", "psi/a", "psi/b"],
    tokenizers: "each",
  },
  {
    title: "spec, words of one source shared, of the other on its devices",
    file: {
      vocabulary: { kind: "source", size: 300 },
      sources: [source("a"), source("b", { words: "source" })],
    },
    volunteers: ab,
    sections: ["theta", "phi/b", "psi/b"],
    tokenizers: "each",
  },
  {
    title: "spec, a vocabulary that each device trains",
    file: { vocabulary: { kind: "own", size: 300 } },
    volunteers: ab,
    sections: ["theta"],
    tokenizers: "none",
  },
];

/** The run is taken down at the end, whatever became of it. */
async function withRun(file: object, work: (run: Run) => Promise<void>): Promise<void> {
  const run = runOf(file);
  try {
    await work(run);
  } finally {
    await run.end();
  }
}

test.concurrent.each(cases.map((one) => [one.title, one] as const))("%s", (_, { file, ...expected }) =>
  withRun(file, (run) => trains(run, expected)),
);

test.concurrent("words of a source outlive its last volunteer, and a newcomer begins where the veterans were", () =>
  withRun({ vocabulary: { kind: "source", size: 300 }, words: "source", rounds: 50 }, async (run) => {
    const server = await serve(run);
    const until = async (holds: (entries: readonly Entry[]) => boolean) => {
      for (;;) {
        const entries = await journalOf(server);
        if (holds(entries)) return entries;
        await new Promise((resolve) => setTimeout(resolve, 20));
      }
    };
    const scoresOf = (entries: readonly Entry[], who: string | null) =>
      entries.flatMap(({ fact }) => (fact.kind === "evaluated" && fact.volunteer === who ? [fact] : []));
    const [a, b] = [await volunteer(run, server.url, "a"), await volunteer(run, server.url, "b")];
    await until(() => server.figures().published >= 4);
    await b.leave();
    // Two are needed: nothing more happens than that the last body is evaluated.
    const veteran = a.view().volunteer;
    const before = await until((entries) => {
      const { phase, body } = server.state();
      const score = scoresOf(entries, veteran).at(-1);
      return phase.kind === "gathering" && score?.body === body.number;
    });
    await a.leave();
    const { body } = server.state();
    const newcomer = (await volunteer(run, server.url, "a2")).view().volunteer;
    await volunteer(run, server.url, "b2"); // a round counts on both, and so their evaluations count
    const after = await until((entries) => scoresOf(entries, newcomer).length > 0);
    const [first, known] = [scoresOf(after, newcomer)[0]!, scoresOf(before, veteran)];
    // The same numbers on the same rows.
    expect([first.body, first.nats, first.tokens]).toEqual([
      body.number,
      known.at(-1)!.nats,
      known.at(-1)!.tokens,
    ]);
    expect(known.at(-1)!.nats).toBeLessThan(0.9 * known[0]!.nats);
    const created = after[0]!.fact;
    if (created.kind !== "created") throw new Error("expected a created fact");
    for (const { name, sha256 } of created.sections)
      expect(body.sections.find((one) => one.name === name)!.sha256, name).not.toBe(sha256);
  }));

/** A tokenizer.json of bytes alone, changed. */
function bytesChanged(change: (model: Record<string, unknown>) => void): string {
  const file = JSON.parse(trainTokenizer(["a text"], { vocabulary: 257 }).toJson());
  change(file.model);
  return JSON.stringify(file);
}

test.concurrent.each([
  ["that is not there", null, "/own.json, got nothing there"],
  ["that is no JSON", "[", "own.json: expected JSON, got "],
  ["that is no text", Uint8Array.of(0xff, 0xfe), "own.json: expected text in UTF-8, got bytes that are not"],
  [
    "of another kind",
    bytesChanged((model) => {
      model.type = "Unigram";
    }),
    'own.json, model.type: expected "BPE", got "Unigram"',
  ],
  [
    "without a token for every byte",
    bytesChanged((model) => {
      const vocab = model.vocab as Record<string, number>;
      const last = Object.entries(vocab).find(([, id]) => id === 256)![0];
      delete vocab[last];
    }),
    "own.json: expected a token for every byte, got none for ",
  ],
] as const)("a tokenizer %s: the error says where, what was expected and what came", (_, content, sentence) =>
  withRun({}, async (run) => {
    if (content !== null) writeFileSync(join(run.folder, "own.json"), content);
    for (const [file, where] of [
      [{ variant: "glob", vocabulary: { kind: "global", file: "own.json" } }, "vocabulary.file"],
      [
        { vocabulary: { kind: "source" }, sources: [source("a"), brought({ tokenizer: "own.json" })] },
        "sources.1.tokenizer",
      ],
    ] as const) {
      run.write(file);
      const error = await serve(run).catch((error: unknown) => error);
      const { name, message } = error as Error;
      expect(name).toMatch(/^(InputError|RunFileError)$/);
      expect(message).toContain(sentence);
      expect(message).toContain(where);
    }
  }),
);

test.concurrent("a folder opens again with the same tokenizer.json, without one in the file, and with no other", () =>
  withRun({ variant: "trim", vocabulary: { kind: "global", file: "tokenizer.json" } }, async (run) => {
    const first = await serve(run);
    await first.close();
    const again = await serve(run);
    expect([again.existed, again.run]).toEqual([true, first.run]);
    await again.close();
    const other = trainTokenizer(run.texts.b, { vocabulary: 290 });
    writeFileSync(join(run.folder, "other.json"), other.toJson());
    run.write({ vocabulary: { kind: "global", file: "other.json" } });
    const error = await serve(run).catch((error: unknown) => error);
    expect(error).toBeInstanceOf(RunMismatch);
    expect((error as RunMismatch).keys).toContain("sources.0.tokenizer.sha256");
    run.write({ vocabulary: { kind: "global" } });
    const without = await serve(run);
    expect([without.existed, without.state().manifest]).toEqual([true, first.state().manifest]);
  }));

async function trains(run: Run, { volunteers: names, sections, tokenizers }: Omit<Case, "file" | "title">) {
  const { folder, texts, given } = run;
  const first = await serve(run);
  const [one, ...others] = await Promise.all(names.map((name) => volunteer(run, first.url, name)));
  while (first.figures().published < 1) await new Promise((resolve) => setTimeout(resolve, 5));
  // The coordinator goes and comes back, and so does a volunteer, in whatever they were.
  await Promise.all([first.close(), one!.close()]);
  const server = await serve(run, first.port);
  const volunteers = [await volunteer(run, server.url, names[0]!), ...others];
  await Promise.all([...volunteers.map(({ ended }) => ended), server.finished]);

  const entries = await journalOf(server);
  const { manifest, body } = server.state();
  expect(body.sections.map(({ name }) => name)).toEqual(sections);
  for (const { id } of manifest.sources) {
    const { first, last, lastBody } = firstLast(server.figures(), id)!;
    expect(lastBody).toBe(2);
    expect(last, id).toBeLessThan(0.95 * first);
  }
  for (const { view } of volunteers) requireCounted(view(), entries);
  for (const source of manifest.sources) {
    const { id, vocabulary, tokenizer, served } = source;
    const maps = new Set(
      entries.flatMap(({ fact }) =>
        fact.kind === "opened" ? fact.assigned.flatMap((one) => (one.source === id ? [one.rows] : [])) : [],
      ),
    );
    if (manifest.variant !== "trim") expect([...maps]).toEqual([null]);
    if (tokenizer === null) continue;
    const known = await tokenizerAt(server.url, tokenizer.sha256);
    if (tokenizers === "given" || served === null)
      expect([known.toJson(), vocabulary]).toEqual([given.toJson(), given.vocabularySize]);
    else if (manifest.vocabulary.kind === "source") {
      const { train } = splitHeldOut(texts[id as "a"], 0.1, `1/${id}/split`);
      expect(known.toJson()).toBe(trainTokenizer(train, { vocabulary }).toJson());
    }
    // Which rows a text needs: of served text the host says so itself, where rows are left out.
    const held = tokensOf(texts[id as "a"], known);
    const leavesOut = manifest.vocabulary.kind === "global" && manifest.variant !== "glob";
    expect(served?.rows?.held).toBe(leavesOut && served !== null ? held.size : undefined);
    if (manifest.variant !== "trim") continue;
    expect(maps.size).toBe(1);
    expect(new Set(rowsIn(blobIn(folder, [...maps][0]!)))).toEqual(held);
    expect(held.size).toBeLessThan(vocabulary);
  }
  const hashes = manifest.sources.map(({ tokenizer }) => tokenizer?.sha256);
  if (tokenizers === "none") expect(hashes).toEqual([undefined, undefined]);
  else expect(hashes[0] === hashes[1]).toBe(tokenizers !== "each");

  await server.close();
  const store = await openStore({ dataDir: join(folder, "data") });
  expect(await assertMeans(entries, names.length, (hash) => store.blobs.get(hash))).toEqual([1, 2]);
  await store.close();
}

/** What the device counted against what the coordinator took: a chunk without its answer is sent twice. */
function requireCounted({ ledger, volunteer }: View, entries: readonly Entry[]): void {
  const taken = entries.flatMap(({ fact }) =>
    fact.kind === "accepted" && fact.volunteer === volunteer ? [...fact.sections] : [],
  );
  expect(taken.length).toBeGreaterThan(0);
  for (const group of groupNames) {
    const own = taken.filter(({ name }) => groupOf(name) === group);
    const size = own.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0);
    if (own.length === 0) expect([ledger.sent[group], ledger.received[group]], group).toEqual([0, 0]);
    else {
      expect(ledger.sent[group], group).toBeGreaterThanOrEqual(size);
      expect(ledger.received[group], group).toBeGreaterThan(0);
    }
  }
}

const blobIn = (folder: string, hash: Sha256) =>
  new Uint8Array(readFileSync(join(folder, "data", "blobs", hash.slice(0, 2), hash)));

/** The rows whose bits are set, the lowest bit of a byte first. */
const rowsIn = (bits: Uint8Array) =>
  Array.from({ length: 8 * bits.length }, (_, row) => row).filter(
    (row) => (bits[row >> 3]! >> (row & 7)) & 1,
  );
