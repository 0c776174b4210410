// homebody evaluate --mixture and sample --mixture, on a run of two sources whose languages have no letter in common.

import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { run as evaluate } from "../src/evaluate.ts";
import type { Cost, Found } from "../src/mixture/measure.ts";
import { beginnings, switching } from "../src/mixture/passages.ts";
import { run as sample } from "../src/sample.ts";
import { captured, finishedRun } from "./finished-run.ts";

let folder: string;
const at = (...path: string[]) => join(folder, ...path);
const wasm = ["--backend", "wasm"];
const more = ["variant: glob", "vocabulary: { kind: global, size: 320 }"];

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "homebody-mixture-"));
  for (const [name, options] of [
    ["spec", {}],
    ["glob", { more }],
  ] as const) {
    const { server } = await finishedRun(at(name), { rounds: 3, localSteps: 20, ...options });
    await server.close();
  }
}, 120_000);
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const evaluated = async (...args: string[]) => {
  const { code, stdout } = await captured(evaluate, ["--mixture", ...args, ...wasm]);
  expect(code).toBe(0);
  return stdout;
};
const sampled = async (...args: string[]) =>
  (await captured(sample, [at("spec", "data"), "--mixture", ...args, ...wasm])).stdout;

test("each source's text, both in turn, and a text of neither; beside each model alone and one vocabulary", async () => {
  writeFileSync(at("other.txt"), "Woorden blijven thuis, het lichaam reist ver.\n".repeat(30));
  const [spec, glob] = [at("spec", "data"), at("glob", "data")];
  const args = [spec, glob, "--text", at("other.txt"), "--language", "nl", "--bytes", "500"];
  const { rows, costs, models } = JSON.parse(await evaluated(...args, "--json")) as {
    rows: Found[];
    costs: Cost[];
    models: { name: string }[];
  };
  expect(models.map(({ name }) => name)).toEqual([`${spec}#a`, `${spec}#b`, glob]);
  expect(rows.map(({ text, learnt }) => [text, learnt])).toEqual([
    ["a", true],
    ["b", true],
    ["in turn, in mid-sentence", null],
    ["other.txt", false],
  ]);
  const [a, b, both, other] = rows as [Found, Found, Found, Found];
  expect([a.best.model, b.best.model]).toEqual([`${spec}#a`, `${spec}#b`]);
  for (const { bytes, alone, best, mixtures, others } of rows) {
    expect(bytes).toBeGreaterThan(100);
    expect(best.bitsPerByte).toBe(Math.min(...Object.values(alone)));
    expect(Object.keys(others)).toEqual([glob]);
    // At most a bit for each passage (rule M9); these have 50 bytes and more.
    expect(mixtures.likelihood).toBeLessThanOrEqual(best.bitsPerByte + 1 / 50);
  }
  expect(a.mixtures.likelihood).toBeLessThan(a.mixtures.uniform);
  expect(both.mixtures.switching).toBeLessThan(both.best.bitsPerByte - 0.5);
  expect(both.mixtures.switching).toBeLessThan(both.mixtures.likelihood);
  expect(other.mixtures.switching).toBeGreaterThan(a.mixtures.switching);
  for (const { bytes, tokens, prefixes } of costs) {
    expect(tokens).toBeLessThan(2 * bytes);
    expect(prefixes).toBeGreaterThanOrEqual(tokens - 20);
  }
  const [first, second, mixture] = costs as [Cost, Cost, Cost];
  expect(costs.map(({ model }) => model)).toEqual([`${spec}#a`, `${spec}#b`, "mixture", glob]);
  expect(mixture).toMatchObject({ bytes: first.bytes, prefixes: first.prefixes + second.prefixes });
  const shown = await evaluated(spec, "--bytes", "100");
  expect(shown).toMatch(/\| text .*\| best of them \| uniform \| likelihood \| share 0\.01 \|\n/);
  expect(shown).toContain("| prefixes a token |");
}, 120_000);

test("a prompt goes on in its own language, and the seed's way", async () => {
  const cyrillic = (text: string) => (text.match(/\p{Script=Cyrillic}/gu) ?? []).length;
  const latin = (text: string) => (text.match(/\p{Script=Latin}/gu) ?? []).length;
  const args = ["--bytes", "60", "--temperature", "0.3"];
  const [english, russian] = [
    await sampled("--prompt", "the body", ...args),
    await sampled("--prompt", "слова ост", ...args),
  ];
  expect(english).toMatch(/^the body/);
  expect(latin(english)).toBeGreaterThan(5 * cyrillic(english) + 15);
  expect(russian).toMatch(/^слова ост/);
  expect(cyrillic(russian)).toBeGreaterThan(5 * latin(russian) + 10);
  expect(russian).not.toContain("\ufffd");
  expect(await sampled("--prompt", "the body", ...args)).toBe(english);
  expect(await sampled("--prompt", "the body", ...args, "--temperature", "1", "--seed", "2")).not.toBe(
    english,
  );
}, 60_000);

test("passages are the seed's, of about as many bytes as are wanted", () => {
  const languages = [
    { name: "a", documents: ["the body travels far and wide. ".repeat(30)] },
    { name: "b", documents: ["слова остаются дома всегда, ".repeat(30)] },
  ];
  const [first] = switching(languages, 300, "1");
  expect(switching(languages, 300, "1")[0]).toBe(first);
  expect(switching(languages, 300, "2")[0]).not.toBe(first);
  expect(first).toMatch(/[a-z].*[а-я].*[a-z].*[а-я]/s);
  expect(switching(languages.slice(0, 1), 300, "1")).toEqual([]);
  const [begun] = beginnings(languages[1]!, 301, "1");
  expect(languages[1]!.documents[0]!.startsWith(begun!)).toBe(true);
  expect(Buffer.byteLength(begun!)).toBe(300);
  expect(() => beginnings({ name: "a", documents: [] }, 10, "1")).toThrow(
    "a: expected held-out text, got none",
  );
});

test("what cannot be mixed is said in words", async () => {
  const failed = (command: typeof evaluate, ...args: string[]) =>
    captured(command, [...args, "--mixture"]).then(
      () => "nothing",
      (error: Error) => error.message,
    );
  expect(await failed(evaluate)).toBe(
    "evaluate --mixture: expected a coordinator's data folder or URL, got none",
  );
  expect(await failed(evaluate, at("spec", "data"), "--share", "1")).toBe(
    '--share: expected a number above 0 and at most 0.5, got "1"',
  );
  expect(await failed(evaluate, at("spec", "data"), "--language", "es")).toBe(
    "--language: expected --text, whose language it is, got none",
  );
  expect(await failed(sample)).toBe("sample --mixture: expected a data folder or an address, got none");
});
