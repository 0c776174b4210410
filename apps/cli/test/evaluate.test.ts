// homebody evaluate, on a real run's data folder, on model folders whose probabilities are known, and on pairs of others.

import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { InputError, random } from "@homebody/base";
import { firstParameters } from "@homebody/experiment";
import { hf } from "@homebody/export";
import { modelConfig } from "@homebody/model";
import { trainTokenizer, utf8Length } from "@homebody/text";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { parsePairs } from "../src/evaluate/pairs-file.ts";
import type { Row } from "../src/evaluate/tables.ts";
import { run } from "../src/evaluate.ts";
import { writeModelFolder } from "../src/models/folder.ts";
import { declaration } from "../src/udhr.ts";
import { captured, finishedRun } from "./finished-run.ts";

let folder: string;
let made: Awaited<ReturnType<typeof finishedRun>>;
const at = (...path: string[]) => join(folder, ...path);

const words = ["the", "body", "travels", "far", "words", "stay", "here", "and", "sing", "long"];
const dice = random("sentences");
const sentence = () => Array.from({ length: 8 }, () => words[dice.below(words.length)]!).join(" ");
const documents = Array.from({ length: 40 }, () => `The ${sentence()}. A ${sentence()}.`);
const heldOut = documents.slice(0, 10);

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "homebody-evaluate-"));
  made = await finishedRun(folder, { rounds: 3, localSteps: 20 });
  await made.server.close();
  const lines = (texts: readonly string[]) => texts.map((text) => `${JSON.stringify({ text })}\n`).join("");
  for (const name of ["en", "xx"]) {
    mkdirSync(at("corpora", name), { recursive: true });
    writeFileSync(at("corpora", name, "train.jsonl"), lines(documents.slice(10)));
    writeFileSync(at("corpora", name, "valid.jsonl"), lines(heldOut));
  }
  writeFileSync(at("whole.jsonl"), lines(documents));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const evaluated = async (...args: string[]) => {
  const { code, stdout } = await captured(run, [...args, "--backend", "wasm", "--threads", "1"]);
  expect(code).toBe(0);
  return stdout;
};

/** Every token of its vocabulary is as likely as any other. */
async function uniformModel(name: string, vocabulary: number) {
  const tokenizer = trainTokenizer(documents, { vocabulary });
  const { vocabularySize } = tokenizer;
  const dial = { family: "llama", depth: 1, context: 32, overrides: { width: 16, heads: 2 } } as const;
  const config = modelConfig(dial, vocabularySize);
  const first = firstParameters(config, "1");
  const phi = { ...first.phi, data: first.phi.data.map(() => 0) };
  const model = { config, parameters: { ...first, phi }, tokenizer, provenance: {} };
  await writeModelFolder(at(name), hf.files(model, ""));
  return { tokenizer, bits: Math.log2(vocabularySize) };
}

test("a run's data folder: each volunteer's words with the last body score what the volunteer itself reported", async () => {
  const { rows, models } = JSON.parse(await evaluated(at("data"), "--pairs", "10", "--json"));
  expect(rows.map(({ model, corpus, seen }: Row) => [model, corpus, seen])).toEqual([
    [`${at("data")}#a`, "a (its own)", "own"],
    [`${at("data")}#b`, "b (its own)", "own"],
  ]);
  for (const [i, { measured }] of (rows as Row[]).entries()) {
    const reported = made.scores[i]!.at(-1)!;
    expect(reported.body).toBe(3);
    expect(measured.bitsPerByte).toBeCloseTo(reported.bitsPerByte, 5);
    expect(measured.unigram!.normalised).toBeLessThan(1);
    expect(measured.perplexity).toBeCloseTo(Math.exp(measured.nats / measured.tokens), 9);
  }
  expect(models[0].provenance).toMatchObject({
    run: made.server.run,
    body: "3",
    body_id: made.server.figures().bodies.at(-1)!.id,
    source: "a",
    words_of_round: "3",
  });
});

test("sources that a model learnt from, that its body learnt from, and that nobody did", async () => {
  mkdirSync(at("sources", "b"), { recursive: true });
  mkdirSync(at("sources", "tr"), { recursive: true });
  for (const name of ["b", "tr"]) writeFileSync(at("sources", name, "text.txt"), documents.join("\n"));
  const args = ["--corpora", at("sources"), "--measures", "bits-per-byte", "--json"];
  const { rows } = JSON.parse(await evaluated(at("data"), ...args));
  expect(rows.map(({ model, corpus, seen }: Row) => [model.at(-1), corpus, seen])).toEqual([
    ["a", "a (its own)", "own"],
    ["a", "b", "body"],
    ["a", "tr", "no"],
    ["b", "b (its own)", "own"],
    ["b", "b", "own"],
    ["b", "tr", "no"],
  ]);
});

test("a uniform model: every measure in closed form, and no declaration for what is no language", async () => {
  const { tokenizer, bits } = await uniformModel("uniform", 280);
  const { rows } = JSON.parse(
    await evaluated(at("uniform"), "--corpora", at("corpora"), "--pairs", "20", "--json"),
  );
  const [en, xx] = rows as Row[];
  const tokens = heldOut.reduce((sum, text) => sum + tokenizer.encode(text).length + 1, 0);
  const bytes = heldOut.reduce((sum, text) => sum + utf8Length(text), 0);
  expect(en!.measured).toMatchObject({ tokens, bytes });
  expect(en!.measured.bitsPerByte).toBeCloseTo((tokens * bits) / bytes, 4);
  const articles = await declaration("eng");
  const whole = articles.reduce((sum, text) => sum + bits * (tokenizer.encode(text).length + 1), 0);
  const { udhr, pairs } = en!.measured;
  expect(udhr!.code).toBe("eng");
  expect(udhr!.bits).toHaveLength(31);
  expect(udhr!.total / whole).toBeCloseTo(1, 5);
  expect(udhr!.meanPerArticle).toBe(udhr!.total / 31);
  for (const kind of ["swapped", "replaced"]) {
    expect(pairs![kind]!.pairs).toBe(20);
    const [low, high] = pairs![kind]!.interval;
    expect(low).toBeLessThanOrEqual(pairs![kind]!.accuracy);
    expect(high).toBeGreaterThanOrEqual(pairs![kind]!.accuracy);
  }
  expect({ ...xx, measured: null }).toMatchObject({ corpus: "xx", language: "xx", seen: null });
  expect(xx!.measured.udhr).toBeNull();
});

test("the table: perplexity where one tokenizer is shared, and a sentence where it is not", async () => {
  await uniformModel("same", 280);
  await uniformModel("other", 270);
  const text = ["--text", at("whole.jsonl"), "--language", "en", "--measures", "perplexity"];
  const shared = await evaluated(at("uniform"), at("same"), ...text);
  expect(shared).toMatch(/\| bits per byte \| perplexity \|\n/);
  expect(shared).toContain(`${at("same")}`);
  const mixed = await evaluated(at("uniform"), at("other"), ...text);
  expect(mixed).not.toContain("| perplexity |");
  expect(mixed).toContain("Perplexities are left out: the models' tokenizers differ");
  // What is not wanted is not there.
  expect(mixed).not.toContain("swapped");
});

test("pairs of somebody else's, by phenomenon", async () => {
  writeFileSync(
    at("pairs.tsv"),
    'lang\tsen\twrong_sen\tphenomenon\nen\tthe body travels\tthe body travel\tSV-#\nen\t"it says ""far"""\tit\tSP-G\n',
  );
  const { rows, pairsFile } = JSON.parse(
    await evaluated(at("uniform"), "--pairs-file", at("pairs.tsv"), "--json"),
  );
  expect(rows).toEqual([]);
  expect(pairsFile.rows.map(({ kind }: { kind: string }) => kind)).toEqual(["SV-#", "SP-G"]);
  // Of two sentences a uniform model prefers the one of fewer tokens.
  expect(pairsFile.rows[1].accuracy).toMatchObject({ pairs: 1, right: 0 });
});

describe("files of pairs", () => {
  test("tables and lines, with quotes, a byte-order mark and empty lines", () => {
    const pair = { good: 'a "b"', bad: "a c", kind: "agreement" };
    expect(parsePairs("x.tsv", '\ufeffsen\twrong_sen\tphenomenon\n"a ""b"""\ta c\tagreement\n\n')).toEqual([
      pair,
    ]);
    expect(parsePairs("x.csv", 'bad,good,kind\na c,"a ""b""",agreement\n')).toEqual([pair]);
    const line = JSON.stringify({ sentence_good: 'a "b"', sentence_bad: "a c", UID: "agreement" });
    expect(parsePairs("x.jsonl", `${line}\n\n`)).toEqual([pair]);
    expect(parsePairs("x.tsv", "sen\twrong_sen\na\tb\n")).toEqual([{ good: "a", bad: "b", kind: "x.tsv" }]);
  });

  test.each([
    [
      "x.tsv",
      "one\ttwo\na\tb\n",
      "x.tsv, line 2: expected sen and wrong_sen, or sentence_good and sentence_bad, or good and bad, got one, two",
    ],
    [
      "x.tsv",
      "sen\twrong_sen\na\n",
      "x.tsv: expected a table with a line of names and as many fields in each line",
    ],
    ["x.jsonl", "{}\nno\n", "x.jsonl, line 2: expected a JSON object, got no"],
    ["x.tsv", "sen\twrong_sen\n", "x.tsv: expected at least one pair, got none"],
    ["x.txt", "", "--pairs-file: expected a .tsv, .csv or .jsonl file, got x.txt"],
  ])("%s that is wrong", (name, text, message) => {
    expect(() => parsePairs(name, text)).toThrow(InputError);
    expect(() => parsePairs(name, text)).toThrow(message);
  });
});

test("what is wrong is said in words", async () => {
  const wrong = (...args: string[]) =>
    captured(run, args).then(
      () => "nothing",
      (error: Error) => error.message,
    );
  expect(await wrong()).toBe(
    "evaluate: expected a model folder, or a coordinator's data folder or URL, got none",
  );
  expect(await wrong(folder)).toBe(
    `model: expected a model folder, or a coordinator's data folder or URL, got neither: ${folder}`,
  );
  expect(await wrong(at("uniform"))).toBe(
    `--corpora, --text: expected a text to measure ${at("uniform")} on, got none`,
  );
  expect(await wrong(at("data"), "--measures", "bits-per-byte,beauty")).toBe(
    "--measures: expected bits-per-byte, perplexity, unigram, udhr, pairs, got beauty",
  );
  expect(await wrong(at("data"), "--corpora", at("nowhere"))).toMatch(
    /^--corpora: expected a folder of folders at/,
  );
  expect(await wrong(at("data"), "--language", "es")).toBe(
    "--language: expected --text, whose language it is, got none",
  );
  rmSync(at("data", "volunteers"), { recursive: true });
  expect(await wrong(at("data"))).toMatch(
    /^model: expected volunteers' words in .*, as npm start leaves them, got none/,
  );
});
