// DEPT's variants in real Chromium, from their run files: GLOB, TRIM, SPEC over one vocabulary, and words of a source. One
// browser computes on WebGPU, the other on WebAssembly. What the page says of its traffic is held to what the wire carried,
// section by section, and each body to what was sent.

import { sha256Of } from "@homebody/base";
import type { Entry } from "@homebody/coordinator";
import { bitsOf, rowMapOf } from "@homebody/dept";
import { groupNames } from "@homebody/protocol";
import { tokenizerFromJson } from "@homebody/text";
import { expect, test } from "@playwright/test";
import type { Ends } from "./coordinator.ts";
import { addText, addWords, secrets } from "./secrets.ts";
import { pathsAsked, sentIn, uploadsOf } from "./sent.ts";
import { hellosIn, type Trained, textOf, trained } from "./trained.ts";

const rest = `
description: A test of what travels.
model: { family: gpt2, depth: 1, context: 32, overrides: { width: 16, heads: 2, hidden: 32 } }
training: { localSteps: 4, batch: 4, learningRate: { peak: 0.02, warmupSteps: 0 } }
outer: { kind: averaging }
codec: fp32
rounds: 2
heldOut: { sampleRows: 16 }
`;
const served = (id: string, title: string) =>
  `{ id: ${id}, title: ${title}, language: ${id}, text: served, train: ${id}.jsonl }`;
const es = served("es", "Español");
const brought = `{ id: ru, title: Русский, language: ru, text: brought }`;
const ru = served("ru", "Русский");

/** A run file: what is its own, its sources, and how many volunteers it waits for. */
const runFile = (own: string, sources: string, minimum = 2) => `${own}
sources: [${sources}]
round: { minimum: ${minimum}, deadlineSeconds: 600, evaluationSeconds: 600 }
${rest}`;
const everybodys = "vocabulary: { kind: global, size: 320 }";
const [spanish, russian] = [{ title: /español/i }, { title: /русский/i }];
const bringing = [spanish, { ...russian, file: "ru.jsonl" }];

const ends: Ends = [];
test.afterEach(async () => {
  for (const end of ends.splice(0).reverse()) await end();
});

/** The tokenizer that the host serves is taken once, by its hash, and is what the devices have. */
async function requireOneTokenizer({ manifest, taken }: Trained): Promise<Uint8Array> {
  const [hash, ...others] = new Set(manifest.sources.map(({ tokenizer }) => tokenizer!.sha256));
  expect(others).toEqual([]);
  const all: Uint8Array[] = [];
  for (const { device, wire } of taken) {
    const asked = pathsAsked(wire.connections).filter((path) => path.startsWith("/tokenizers/"));
    expect(asked).toEqual([`/tokenizers/${hash}`]);
    all.push((await textOf(device!, "tokenizer")) as Uint8Array);
  }
  for (const bytes of all) expect(sha256Of(bytes)).toBe(hash);
  return all[0]!;
}

const bodiesOf = (entries: readonly Entry[]) =>
  entries.flatMap(({ fact }) => (fact.kind === "published" ? [fact.sections.map(({ name }) => name)] : []));

test("GLOB: everything travels, over one vocabulary that all take from the host", async ({ browser }) => {
  const run = await trained(browser, {
    yaml: runFile(`name: GLOB\nvariant: glob\n${everybodys}`, `${es}, ${ru}`),
    browsers: [spanish, russian],
    ends,
  });
  expect(bodiesOf(run.entries)).toEqual([[...groupNames], [...groupNames]]);
  await requireOneTokenizer(run);
  for (const { messages } of run.taken)
    for (const { hello, attachments } of hellosIn(messages))
      expect([hello.rows, attachments]).toEqual([undefined, []]);
  const backends = run.taken.map(({ messages }) => hellosIn(messages)[0]!.hello.device.backend);
  expect(backends).toEqual(["webgpu", "wasm"]);
});

test("TRIM: rows travel that texts need; whose text the host does not know says which, and no other", async ({
  browser,
}) => {
  const run = await trained(browser, {
    yaml: runFile(`name: TRIM\nvariant: trim\n${everybodys}`, `${es}, ${brought}`),
    browsers: bringing,
    ends,
  });
  expect(bodiesOf(run.entries)).toEqual([[...groupNames], [...groupNames]]);
  const json = await requireOneTokenizer(run);
  const tokenizer = tokenizerFromJson(new TextDecoder().decode(json));
  const rowsOf = (id: string) => {
    const tokens = run.texts[id]!.flatMap((text) => [...tokenizer.encode(text)]);
    return bitsOf(rowMapOf(run.manifest.sources[0]!.vocabulary, [tokenizer.endOfDocument, ...tokens]));
  };
  const [known, unknown] = run.taken.map(({ messages }) => hellosIn(messages));
  for (const { hello, attachments } of known!) expect([hello.rows, attachments]).toEqual([undefined, []]);
  for (const { attachments } of unknown!)
    expect(attachments.map((bytes) => new Uint8Array(bytes))).toEqual([rowsOf("ru")]);
  const assigned = run.entries.flatMap(({ fact }) => (fact.kind === "opened" ? [...fact.assigned] : []));
  expect(assigned).toHaveLength(4);
  for (const { source, rows } of assigned) expect(rows).toBe(sha256Of(rowsOf(source)));
});

test("SPEC over one vocabulary: no row map and not one embedding byte is in what went up", async ({
  browser,
}) => {
  const hidden = [secrets(), secrets()];
  const run = await trained(browser, {
    yaml: runFile(`name: SPEC\n${everybodys}`, `${es}, ${brought}`),
    browsers: bringing,
    ends,
    published: async (devices) => {
      for (const [i, device] of devices.entries()) await addWords(hidden[i]!, device);
    },
  });
  expect(bodiesOf(run.entries)).toEqual([["theta"], ["theta"]]);
  await requireOneTokenizer(run);
  for (const [i, { device, messages }] of run.taken.entries()) {
    const kept = hidden[i]!;
    await addWords(kept, device!);
    await addText(kept, run.texts[["es", "ru"][i]!]!, device!);
    expect(kept.size).toBeGreaterThan(20_000);
    for (const bytes of sentIn(messages)) expect(kept.found(bytes)).toEqual([]);
    for (const { hello, attachments } of hellosIn(messages))
      expect([hello.rows, attachments]).toEqual([undefined, []]);
    // The search does find what is there.
    const control = secrets();
    control.add("delta", uploadsOf(messages)[0]!.subarray(2000, 2032));
    expect(sentIn(messages).flatMap((bytes) => control.found(bytes)).length).toBeGreaterThan(0);
  }
});

test("words of a source: averaged among its volunteers, never across sources", async ({ browser }) => {
  const own = "name: Words of a source\nvocabulary: { kind: source, size: 320 }\nwords: source";
  const { manifest, entries, taken } = await trained(browser, {
    yaml: runFile(own, `${es}, ${ru}`, 3),
    browsers: [spanish, spanish],
    headless: "ru",
    ends,
  });
  const all = ["theta", "phi/es", "phi/ru", "psi/es", "psi/ru"];
  expect(bodiesOf(entries)).toEqual([all, all]);
  const sent = entries.flatMap(({ fact }) => (fact.kind === "accepted" ? [fact] : []));
  for (const { source, sections } of sent)
    expect(sections.map(({ name }) => name)).toEqual(["theta", `phi/${source}`, `psi/${source}`]);
  expect(sent.map(({ source }) => source).sort()).toEqual(["es", "es", "es", "es", "ru", "ru"]);
  // Nobody is given the words or the tokenizer of another source.
  const others = (id: string) =>
    entries.flatMap(({ fact }) =>
      fact.kind === "created" || fact.kind === "published"
        ? fact.sections.flatMap(({ name, sha256 }) => (name.endsWith(`/${id}`) ? [`/bodies/${sha256}`] : []))
        : [],
    );
  const served = manifest.sources.map(({ tokenizer }) => `/tokenizers/${tokenizer!.sha256}`);
  for (const [i, { wire }] of taken.entries()) {
    const asked = pathsAsked(wire.connections);
    const [own, other] = i < 2 ? ["es", "ru"] : ["ru", "es"];
    expect(asked.filter((path) => others(other!).includes(path))).toEqual([]);
    expect(asked.filter((path) => others(own!).includes(path)).length).toBeGreaterThanOrEqual(4);
    expect(asked.filter((path) => path.startsWith("/tokenizers/"))).toEqual([served[i < 2 ? 0 : 1]]);
  }
  const tokenizers = await Promise.all(taken.slice(0, 2).map(({ device }) => textOf(device!, "tokenizer")));
  expect(tokenizers[0]).toEqual(tokenizers[1]);
});
