// homebody evaluate and adapt on finished runs of every variant of DEPT: real volunteers, real bodies, real files.

import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { decodeSafetensors } from "@homebody/base";
import { trainTokenizer, utf8Length } from "@homebody/text";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { RunFolderOptions } from "../../../test/run-folder.ts";
import { run as adapt } from "../src/adapt.ts";
import type { Row } from "../src/evaluate/tables.ts";
import { run as evaluate } from "../src/evaluate.ts";
import { readModelFolder } from "../src/models/folder.ts";
import { captured, finishedRun } from "./finished-run.ts";

const source = "vocabulary: { kind: source, size: 300 }";
const global = "vocabulary: { kind: global, size: 300 }";
const given = "vocabulary: { kind: global, file: tokenizer.json }";

interface Case {
  readonly name: string;
  readonly options: RunFolderOptions;
  /** What its models are called, behind the folder's name. */
  readonly models: readonly string[];
  /** Whether the body alone has the words. */
  readonly alone: boolean;
  /** Whether volunteers leave out rows. */
  readonly rows: boolean;
}

const each = ["#a", "#b"];
const cases: readonly Case[] = [
  { name: "GLOB", options: { more: ["variant: glob", global] }, models: ["", ""], alone: true, rows: false },
  { name: "TRIM", options: { more: ["variant: trim", global] }, models: each, alone: true, rows: true },
  {
    name: "SPEC, words of sources",
    options: { more: ["words: source", source] },
    models: each,
    alone: true,
    rows: false,
  },
  {
    name: "SPEC, words of sources, one vocabulary",
    options: { more: ["words: source", global] },
    models: each,
    alone: true,
    rows: true,
  },
  {
    name: "SPEC, words of devices, one vocabulary",
    options: { more: [global] },
    models: each,
    alone: false,
    rows: true,
  },
  {
    name: "SPEC, words of devices, vocabularies of sources",
    options: { more: [source] },
    models: each,
    alone: false,
    rows: false,
  },
  {
    name: "TRIM, brought",
    options: { more: ["variant: trim", given], text: "brought" },
    models: each,
    alone: false,
    rows: true,
  },
  {
    name: "GLOB, brought",
    options: { more: ["variant: glob", given], text: "brought" },
    models: ["", ""],
    alone: false,
    rows: false,
  },
];

const measured = async (...args: string[]) => {
  const all = [...args, "--backend", "wasm", "--threads", "1", "--json"];
  const { code, stdout } = await captured(evaluate, all);
  expect(code).toBe(0);
  return JSON.parse(stdout) as {
    rows: Row[];
    sharedTokenizer: boolean;
    models: { name: string; config: { vocab_size: number }; provenance: Record<string, string> }[];
  };
};
const bare = ["--measures", "bits-per-byte"];

describe.each(cases)("$name", ({ options, models, alone, rows: leavesOut }) => {
  let folder: string;
  let made: Awaited<ReturnType<typeof finishedRun>>;
  const at = (...path: string[]) => join(folder, ...path);

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), "homebody-variants-"));
    const words = "the body travels far слова остаются дома всегда another sing";
    writeFileSync(at("tokenizer.json"), trainTokenizer([words, words], { vocabulary: 300 }).toJson());
    made = await finishedRun(folder, { rounds: 2, localSteps: 10, family: "gpt2", ...options });
  }, 60_000);
  afterAll(async () => {
    await made.server.close();
    rmSync(folder, { recursive: true, force: true });
  });

  test("each source's text scores what its volunteer reported", async () => {
    const found = await measured(at("data"), ...bare);
    expect(found.rows.map(({ model, corpus, seen }) => [model, corpus, seen])).toEqual(
      ["a", "b"].map((id, i) => [`${at("data")}${models[i]}`, `${id} (its own)`, "own"]),
    );
    for (const [i, { measured }] of found.rows.entries()) {
      const reported = made.scores[i]!.at(-1)!;
      expect(reported.body).toBe(2);
      expect(measured.bitsPerByte).toBeCloseTo(reported.bitsPerByte, 5);
      expect(measured.lostBytes).toBe(0);
      expect(measured.perplexity).toBeCloseTo(Math.exp(measured.nats / measured.tokens), 9);
    }
    for (const { config } of found.models) if (leavesOut) expect(config.vocab_size).toBeLessThan(300);
    const one = await measured(`${at("data")}#b`, ...bare);
    expect(one.rows).toEqual(found.rows.slice(1));
  });

  test(
    alone
      ? "neither a volunteer's folder is needed, nor the data folder"
      : "at its address there is no model",
    async () => {
      const found = measured(made.server.url, ...bare);
      if (!alone && models[0] !== "")
        return expect(found).rejects.toThrow("model: expected a run whose words are in its body");
      if (!alone)
        return expect(found).rejects.toThrow(`expected a text to measure ${made.server.url} on, got none`);
      const { rows } = await found;
      expect(rows.map(({ measured }) => measured)).toEqual(
        (await measured(at("data"), ...bare)).rows.map(({ measured }) => measured),
      );
      expect(rows[0]!.model).toBe(`${made.server.url}${models[0]}`);
    },
  );

  test("on another text", async () => {
    const documents = ["the body sings another song", "the road is far, and дома all is well", "far far"];
    mkdirSync(at("corpora", "xx"), { recursive: true });
    const lines = documents.map((text) => `${JSON.stringify({ text })}\n`).join("");
    for (const name of ["train", "valid"]) writeFileSync(at("corpora", "xx", `${name}.jsonl`), lines);
    const { rows } = await measured(`${at("data")}#a`, "--corpora", at("corpora"));
    // The declaration in English: a's rows have few of its letters, and none is left out of its bytes.
    const { udhr } = rows.find(({ corpus }) => corpus === "a (its own)")!.measured;
    expect(udhr!.bytes).toBeGreaterThan(10_000);
    expect(udhr!.lostBytes > 0).toBe(leavesOut);
    expect(udhr!.total).toBeGreaterThan(8 * udhr!.lostBytes);
    const { measured: other, seen } = rows.find(({ corpus }) => corpus === "xx")!;
    expect(seen).toBe("no");
    const all = documents.reduce((sum, text) => sum + utf8Length(text), 0);
    expect(other.bytes).toBe(all); // nothing is left out of the divisor
    if (!leavesOut) {
      expect(other.lostBytes).toBe(0);
      expect(other.udhr).toBeNull();
      expect(other.perplexity).not.toBeNull();
      return;
    }
    // Of a's text (the, body, travels, far) no Cyrillic byte is known.
    expect(other.lostBytes).toBeGreaterThanOrEqual(8);
    expect(other.perplexity).toBeNull();
    expect(other.nats).toBeGreaterThan(8 * Math.LN2 * other.lostBytes);
    expect(other.bitsPerByte).toBeCloseTo(other.nats / Math.LN2 / all, 9);
    const shown = await captured(evaluate, [
      `${at("data")}#a`,
      "--corpora",
      at("corpora"),
      "--backend",
      "wasm",
      "--threads",
      "1",
    ]);
    expect(shown.stdout).toMatch(/\d\* /);
    expect(shown.stdout).toMatch(/bytes have no token in it\. Each counts 8 bits/);
  });

  const blob = (sha256: string) => readFileSync(at("data", "blobs", sha256.slice(0, 2), sha256));
  /** A tensor of a section of the last body, or of the volunteer's own file: whichever has it. */
  function trained(name: string): Float32Array {
    const { sections } = made.server.figures().bodies.at(-1)!;
    const group = name.includes("wte") ? "phi" : "psi";
    const section = sections.find((one) => one.name === group || one.name === `${group}/a`);
    const home = () => {
      const [folderOfRun] = readdirSync(at("data", "volunteers", "1")).filter((one) => one.endsWith("-a"));
      return readFileSync(at("data", "volunteers", "1", folderOfRun!, "home.safetensors"));
    };
    const file = decodeSafetensors(new Uint8Array(section === undefined ? home() : blob(section.sha256)));
    return (file.tensors.get(name) ?? file.tensors.get(`${group}/${name}`))!.data as Float32Array;
  }

  test("a body is carried on with the words of its run, over the whole vocabulary", async () => {
    const args = ["--text", at("b.jsonl"), "--steps", "1", "--learning-rate", "1e-9", "--freeze-body"];
    const device = ["--backend", "wasm", "--threads", "1"];
    const words = ["--embeddings", `${at("data")}#a`];
    const { code } = await captured(adapt, [at("data"), ...args, ...words, ...device, "--to", at("to")]);
    expect(code).toBe(0);
    const { parameters, tokenizer, config } = await readModelFolder(at("to"));
    expect(config.vocab_size).toBe(300);
    const served = made.server.state().manifest.sources[0]!.tokenizer!;
    expect(tokenizer.toJson()).toBe(blob(served.sha256).toString("utf8"));
    const [phi, psi] = [trained("transformer.wte.weight"), trained("transformer.wpe.weight")];
    expect(furthest(psi, parameters.psi.data)).toBeLessThan(1e-7);
    if (phi.length === parameters.phi.data.length) {
      expect(furthest(phi, parameters.phi.data)).toBeLessThan(1e-7);
      return;
    }
    // Held rows, in the order of the tokens that the source's text has; the others are small and by chance, as they begin.
    const texts = readFileSync(at("a.jsonl"), "utf8").trim().split("\n");
    const tokens = texts.flatMap((line) => [
      ...tokenizer.encode((JSON.parse(line) as { text: string }).text),
    ]);
    const ids = [...new Set([tokenizer.endOfDocument, ...tokens])].sort((a, b) => a - b);
    expect(phi.length).toBe(16 * ids.length);
    const rows = ids.flatMap((id) => [...parameters.phi.data.subarray(16 * id, 16 * id + 16)]);
    expect(furthest(phi, rows)).toBeLessThan(1e-7);
    const fresh = parameters.phi.data.filter((_, i) => !ids.includes(Math.floor(i / 16)));
    expect(Math.max(...fresh.map(Math.abs))).toBeGreaterThan(0);
    expect(Math.max(...fresh.map(Math.abs))).toBeLessThan(0.2);
  });

  test("which words are meant has to be clear", async () => {
    const args = ["--text", at("b.jsonl"), "--steps", "1", "--backend", "wasm", "--threads", "1"];
    const wrong = (...words: string[]) =>
      captured(adapt, [at("data"), ...args, ...words.flatMap((one) => ["--embeddings", one])]).then(
        ({ code }) => `exit code ${code}`,
        (error: Error) => error.message,
      );
    const data = at("data");
    expect(await wrong(data)).toBe(
      models[0] === ""
        ? "exit code 0"
        : `--embeddings: expected the words of one source: ${data}#a, ${data}#b, got ${data}`,
    );
    expect(await wrong(`${data}#c`)).toBe("model: expected one of the sources a, b, got c");
    expect(await wrong("random", data)).toBe(
      `--embeddings: expected random, or what was trained, got random, ${data}`,
    );
    expect(await wrong(`${data}#a`, data)).toBe(
      `--embeddings: expected one model, or files, got ${data}#a, ${data}`,
    );
  });

  if (alone)
    test("sections' files give their embeddings, beside a tokenizer", async () => {
      const { sections } = made.server.figures().bodies.at(-1)!;
      const own = sections.filter(({ name }) => /^(phi|psi)(\/a)?$/.test(name));
      expect(own).toHaveLength(2);
      const files = own.flatMap(({ name, sha256 }) => {
        const path = at(`${name.slice(0, 3)}.safetensors`);
        writeFileSync(path, blob(sha256));
        return ["--embeddings", path];
      });
      writeFileSync(at("own.json"), blob(made.server.state().manifest.sources[0]!.tokenizer!.sha256));
      const args = ["--text", at("b.jsonl"), "--steps", "1", "--backend", "wasm", "--threads", "1"];
      const adapting = captured(adapt, [at("data"), ...args, ...files, "--tokenizer", at("own.json")]);
      // Of words whose rows are left out a file does not say which ones it has.
      if (sections.some(({ name }) => name === "phi/a") && leavesOut)
        await expect(adapting).rejects.toThrow(
          /tensor transformer.wte.weight: expected \[300, 16\], got \[\d+, 16\]/,
        );
      else expect((await adapting).code).toBe(0);
    });
});

const furthest = (a: ArrayLike<number>, b: ArrayLike<number>) =>
  Array.from(a).reduce(
    (most, value, i) => Math.max(most, Math.abs(value - b[i]!)),
    a.length === b.length ? 0 : Infinity,
  );
