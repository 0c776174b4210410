// Run files of every variant and every home of vocabularies, through the real coordinator with real volunteers, across
// a restart of the coordinator in the middle: what travels, who counts it, and what becomes of it.

import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { decodeSafetensors, type Sha256, sha256Of } from "@homebody/base";
import { type Entry, firstLast } from "@homebody/coordinator";
import { groupNames, groupOf } from "@homebody/protocol";
import { createServer, type RunningServer, stderrLog } from "@homebody/server";
import { openStore } from "@homebody/store";
import { type Tokenizer, tokenizerFromJson, trainTokenizer } from "@homebody/text";
import { startHeadless } from "@homebody/volunteer/node";
import { afterEach, expect, test } from "vitest";
import { assertMeans } from "../../../test/recompute.ts";
import { writeTexts } from "../../../test/run-folder.ts";

const ends: (() => Promise<unknown> | void)[] = [];
afterEach(async () => {
  for (const end of ends.splice(0).reverse()) await end();
});

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
  ends.push(() => rmSync(folder, { recursive: true, force: true }));
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
        ...file,
        ...change,
      }),
    );
  write();
  return { folder, path, texts, given, write };
}

async function serve({ folder, path }: ReturnType<typeof runOf>, port = 0): Promise<RunningServer> {
  const server = await createServer({
    run: path,
    dataDir: join(folder, "data"),
    port,
    keepDeltas: true,
    log: stderrLog("silent"),
  });
  ends.push(() => server.close());
  return server;
}

async function volunteer(folder: string, url: string, name: string) {
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
      sources: [source("a", { vocabulary: 280 }), source("b")],
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

test.each(cases)("$title", async ({ file, volunteers: names, sections, tokenizers }) => {
  const run = runOf(file);
  const { folder, texts, given } = run;
  const first = await serve(run);
  const volunteers = await Promise.all(names.map((name) => volunteer(folder, first.url, name)));
  while (first.figures().published < 1) await new Promise((resolve) => setTimeout(resolve, 5));
  await first.close();
  const server = await serve(run, first.port);
  await Promise.all([...volunteers.map(({ ended }) => ended), server.finished]);

  const entries = await journalOf(server);
  const { manifest, body } = server.state();
  const figures = server.figures();
  expect(body.sections.map(({ name }) => name)).toEqual(sections);
  for (const { id } of manifest.sources) {
    const { first, last, lastBody } = firstLast(figures, id)!;
    expect(lastBody).toBe(2);
    expect(last, id).toBeLessThan(0.95 * first);
  }

  // Every byte of each group, as the device counts it and as the coordinator does.
  for (const { view } of volunteers) {
    const { ledger, volunteer: id } = view();
    const own = entries.flatMap(({ fact }) =>
      fact.kind === "accepted" && fact.volunteer === id ? [...fact.sections] : [],
    );
    for (const group of groupNames) {
      const accepted = own.filter(({ name }) => groupOf(name) === group);
      expect(ledger.sent[group], group).toBe(accepted.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0));
      expect(ledger.received[group] > 0, group).toBe(accepted.length > 0);
    }
  }

  // Tokenizers, and the rows that texts need of them.
  const hashes = manifest.sources.map(({ tokenizer }) => tokenizer?.sha256);
  if (tokenizers === "none") expect(hashes).toEqual([undefined, undefined]);
  if (tokenizers === "all" || tokenizers === "given") expect(hashes[0]).toBe(hashes[1]);
  if (tokenizers === "each") expect(hashes[0]).not.toBe(hashes[1]);
  const facts = entries.map(({ fact }) => fact);
  const assigned = facts.flatMap((fact) => (fact.kind === "opened" ? [...fact.assigned] : []));
  for (const { id, vocabulary, tokenizer, served } of manifest.sources) {
    if (tokenizer === null) continue;
    const known = await tokenizerAt(server.url, tokenizer.sha256);
    if (tokenizers === "given" || served === null) {
      expect(known.toJson()).toBe(given.toJson());
      expect(vocabulary).toBe(given.vocabularySize);
    }
    const held = tokensOf(texts[id as "a"], known);
    const trims = manifest.vocabulary.kind === "global" && manifest.variant !== "glob";
    expect(served?.rows?.held).toBe(trims && served !== null ? held.size : undefined);
    const rows = new Set(assigned.filter((one) => one.source === id).map((one) => one.rows));
    if (manifest.variant !== "trim") expect([...rows]).toEqual([null]);
    else {
      expect(rows.size).toBe(1);
      const bits = blobIn(folder, [...rows][0]!);
      const set = Array.from({ length: vocabulary }, (_, row) => row).filter(
        (row) => (bits[row >> 3]! >> (row & 7)) & 1,
      );
      expect(new Set(set)).toEqual(held);
      expect(held.size).toBeLessThan(vocabulary);
    }
  }

  await server.close();
  const store = await openStore({ dataDir: join(folder, "data") });
  expect(await assertMeans(entries, names.length, (hash) => store.blobs.get(hash))).toEqual([1, 2]);
  await store.close();
});

const blobIn = (folder: string, hash: Sha256) =>
  new Uint8Array(readFileSync(join(folder, "data", "blobs", hash.slice(0, 2), hash)));

export const named = (bytes: Uint8Array) => decodeSafetensors(bytes).tensors;
