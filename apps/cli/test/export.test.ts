// homebody export on finished runs of every kind of words: real volunteers, real bodies, real files.

import { createHash } from "node:crypto";
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { decodeSafetensors } from "@homebody/base";
import { hf } from "@homebody/export";
import { volunteerOf } from "@homebody/protocol";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { RunFolderOptions } from "../../../test/run-folder.ts";
import { modelsIn } from "../../web/src/model/models-in.ts";
import { modelOfRun } from "../../web/src/model/run-model.ts";
import type { Row } from "../src/evaluate/tables.ts";
import { run as evaluate } from "../src/evaluate.ts";
import { run as exporting } from "../src/export.ts";
import { readModelFolder, writeModelFolder } from "../src/models/folder.ts";
import { captured, finishedRun } from "./finished-run.ts";

const wasm = ["--backend", "wasm", "--threads", "1"];

interface Case {
  readonly name: string;
  readonly options: RunFolderOptions;
  /** Where the words come from. */
  readonly words: "device" | "source" | "run";
}

const cases: readonly Case[] = [
  { name: "SPEC, words of devices", options: { family: "llama" }, words: "device" },
  {
    name: "SPEC, words of sources",
    options: { family: "gpt2", more: ["words: source", "vocabulary: { kind: source, size: 300 }"] },
    words: "source",
  },
  {
    name: "SPEC, words of sources, one vocabulary",
    options: { family: "gpt2", more: ["words: source", "vocabulary: { kind: global, size: 300 }"] },
    words: "source",
  },
  {
    name: "SPEC, words of devices, one vocabulary",
    options: { family: "gpt2", body: "fp16", more: ["vocabulary: { kind: global, size: 300 }"] },
    words: "device",
  },
  {
    name: "TRIM",
    options: {
      family: "llama",
      more: ["variant: trim", "vocabulary: { kind: global, size: 300 }"],
      keep: "{ bodies: { last: 1 }, undoBodies: 1, deltaRounds: 0 }",
    },
    words: "run",
  },
];

describe.each(cases)("$name", ({ options, words }) => {
  let folder: string;
  let made: Awaited<ReturnType<typeof finishedRun>>;
  const at = (...path: string[]) => join(folder, ...path);
  const exported = (...args: string[]) => captured(exporting, args);
  const failed = (...args: string[]) =>
    exported(...args).then(
      () => "nothing",
      (error: Error) => error.message,
    );
  const card = (name: string) => readFileSync(at(name, "README.md"), "utf8");
  const whose = words === "run" ? [] : ["--source", "a"];

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), "homebody-export-"));
    made = await finishedRun(folder, { rounds: 2, localSteps: 10, ...options });
  }, 60_000);
  afterAll(async () => {
    await made.server.close();
    rmSync(folder, { recursive: true, force: true });
  });

  test("[X2] [X9] the data folder is all it takes", async () => {
    const { code, stdout } = await exported(at("data"), ...whose, "--to", at("model"));
    expect(code).toBe(0);
    expect(stdout).toContain(
      {
        device: "Words: the words of a of volunteer 1, of round 2.",
        source: "Words: the words of a in the body.",
        run: "Words: those that all sources share (2).",
      }[words],
    );
    expect(readdirSync(at("model")).sort()).toEqual([
      "README.md",
      "config.json",
      "generation_config.json",
      "model.safetensors",
      "tokenizer.json",
      "tokenizer_config.json",
    ]);
    const { config, provenance } = await readModelFolder(at("model"));
    expect(config.vocab_size).toBe(300);
    expect(provenance.body_id).toBe(made.server.figures().bodies.at(-1)!.id);
  });

  test("[X12] [X13] in the format and with the weights that are asked for", async () => {
    const asked = ["--format", "gguf", "--weights", "q8_0"];
    await exported(at("data"), ...whose, "--to", at("gguf"), ...asked);
    expect(readdirSync(at("gguf")).sort()).toEqual(["README.md", "model.gguf"]);
    expect(statSync(at("gguf", "model.gguf")).size).toBeLessThan(
      statSync(at("model", "model.safetensors")).size,
    );
    expect(card("gguf")).toContain("library_name: llama.cpp");
  });

  test("[X6] [X7] the card is made of the run file and the journal", async () => {
    const lines = await (await fetch(new URL("/api/journal.jsonl", made.server.url))).text();
    const sha256 = createHash("sha256").update(lines).digest("hex");
    expect(card("model")).toContain(`SHA-256 \`${sha256}\``);
    expect(card("model")).toContain(made.server.run);
    for (const [i, id] of ["a", "b"].entries()) {
      const last = made.scores[i]!.at(-1)!.bitsPerByte.toFixed(3);
      expect(card("model")).toMatch(new RegExp(`\\(\`${id}\`\\).*not stated.*\\| ${last} \\(body 2\\) \\|`));
    }
    expect(card("model")).not.toContain(folder); // [X8]
  });

  test("[X5] evaluate measures what was exported as it measures the run", async () => {
    const measured = async (model: string) => {
      const args = [model, "--text", at("a.jsonl"), "--measures", "bits-per-byte", ...wasm, "--json"];
      const { stdout } = await captured(evaluate, args);
      const { rows } = JSON.parse(stdout) as { rows: Row[] };
      return rows.find(({ corpus }) => corpus === "a.jsonl")!.measured;
    };
    const ofExport = await measured(at("model"));
    const ofRun = await measured(`${at("data")}#a`);
    expect(ofExport.bytes).toBe(ofRun.bytes);
    const leavesOut = options.more?.some((line) => line.includes("global"));
    if (leavesOut)
      expect(ofExport.bitsPerByte).toBeGreaterThan(ofRun.bitsPerByte); // [X10] over all rows
    else expect(ofExport.bitsPerByte).toBeCloseTo(ofRun.bitsPerByte, 6);
  });

  test("[V43] [V45] a volunteer's folder has the same model, and no coordinator is asked", async () => {
    const { code, stdout } = await exported(at("data", "volunteers", "1"), "--to", at("own"));
    expect([code, stdout]).toEqual([0, expect.stringContaining("The model (body 2,")]);
    const [own, model] = [await readModelFolder(at("own")), await readModelFolder(at("model"))];
    expect(own.parameters).toEqual(model.parameters);
    expect(own.tokenizer.toJson()).toBe(model.tokenizer.toJson());
    expect(own.provenance).toMatchObject({ run: made.server.run, body: "2", source: "a" });
    const last = made.scores[0]!.at(-1)!.bitsPerByte.toFixed(3);
    expect(card("own")).toContain(`${last} bits per byte on the device's held-out text`);
    expect(card("own")).not.toContain(folder); // [X8]
    const identity = readFileSync(at("data", "volunteers", "1", "identity"), "utf8").trim();
    expect(card("own")).not.toContain(volunteerOf(identity)); // [X23]
    expect(await failed(at("data", "volunteers", "1"), "--body", "1", "--to", at("own-1"))).toBe(
      "--body: expected a run, for a choice: a volunteer's folder has one model, got 1",
    );
  });

  test("at its address it is the same, where words are no device's", async () => {
    const args = [made.server.url, ...whose, "--to", at("served")];
    if (words === "device") {
      expect(await failed(...args)).toBe(
        "--words: expected the words of a, since they are no part of the body, got none",
      );
      expect(existsSync(at("served"))).toBe(false);
      return;
    }
    await exported(...args);
    for (const name of readdirSync(at("model")))
      expect(readFileSync(at("served", name)), name).toEqual(readFileSync(at("model", name)));
  });

  test("[V46] a browser makes the same of what is served, where words are no device's", async () => {
    const figures = made.server.figures();
    const offered = modelsIn(figures).map((source) => source?.id ?? null);
    expect(offered).toEqual({ device: [], source: ["a", "b"], run: [null] }[words]);
    if (offered.length === 0) return;
    const download = async (path: string) =>
      new Uint8Array(await (await fetch(new URL(path, made.server.url))).arrayBuffer());
    const { model, card } = await modelOfRun(figures, offered[0]!, { download, format: hf });
    const expected = await readModelFolder(at("model"));
    expect(model.parameters).toEqual(expected.parameters);
    expect([model.config, model.tokenizer.toJson()]).toEqual([expected.config, expected.tokenizer.toJson()]);
    expect(card).toContain(`| body | 2, \`${figures.bodies.at(-1)!.id}\` |`);
    expect(card).not.toContain("| journal |");
    const other = async () => new Uint8Array(1);
    await expect(modelOfRun(figures, offered[0]!, { download: other, format: hf })).rejects.toThrow(
      /\/bodies\/.*: expected hash/,
    );
  });

  test("sources have to be told apart, unless they share their words", async () => {
    const message = await failed(at("data"), "--to", at("either"));
    expect(message).toBe(
      words === "run" ? "nothing" : "--source: expected one of those whose words are here: a, b, got none",
    );
    if (words === "run")
      expect(await failed(at("data"), "--words", at("data", "volunteers", "1"), "--to", at("w"))).toMatch(
        /^--words: expected nothing, or a file, since all sources share the words of the body, got/,
      );
    expect(await failed(at("data"), "--source", "c", "--to", at("c"))).toBe(
      "--source: expected one of a, b, got c",
    );
  });

  test("[C57] a body of before, of those that are kept", async () => {
    if (options.keep !== undefined) {
      expect(await failed(at("data"), "--body", "1", "--to", at("before"))).toMatch(
        /body: expected one that is kept \(of 0 to 2: the first and the last\), got 1$/,
      );
      return;
    }
    await exported(at("data"), ...whose, "--body", "1", "--to", at("before"));
    expect((await readModelFolder(at("before"))).provenance.body).toBe("1");
    expect(card("before")).toContain("| rounds | 1 of 2 |");
    expect(card("before")).not.toContain("(body 2)");
    expect(await failed(at("data"), ...whose, "--body", "9", "--to", at("nine"))).toMatch(
      /body: expected one that is kept \(of 0 to 2: the first, every 10th and the last 5\), got 9$/,
    );
  });
});

describe("words of devices", () => {
  let folder: string;
  let made: Awaited<ReturnType<typeof finishedRun>>;
  const at = (...path: string[]) => join(folder, ...path);
  const exported = (...args: string[]) => captured(exporting, args);
  const weights = (name: string) => readFileSync(at(name, "model.safetensors"));
  const [home, text] = ["home.safetensors", "text.safetensors"];
  const folderOf = (volunteer: string) => {
    const [name] = readdirSync(at("data", "volunteers", volunteer)).filter((one) => one.endsWith("-a"));
    return join("data", "volunteers", volunteer, name!);
  };

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), "homebody-export-"));
    made = await finishedRun(folder, { rounds: 2, localSteps: 10 });
    await made.server.close();
    await exported(at("data"), "--source", "a", "--to", at("model"));
  }, 60_000);
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  test("[X9] of several words those that score best on the last body, and it says which", async () => {
    // A second volunteer of a, whose words are those of the first with their rows in another order.
    cpSync(at("data", "volunteers", "1"), at("data", "volunteers", "3"), { recursive: true });
    const path = at(folderOf("3"), home!);
    const bytes = readFileSync(path);
    const phi = decodeSafetensors(bytes).tensors.get("phi/model.embed_tokens.weight")!.data as Float32Array;
    phi.reverse(); // in the bytes themselves
    writeFileSync(path, bytes);
    try {
      const { stdout } = await exported(at("data"), "--source", "a", "--to", at("best"));
      const [, best] = /^Words: the words of a of volunteer 1, of round 2, ([\d.]+) bits per byte/m.exec(
        stdout,
      )!;
      const [, left] = /^Left: the words of a of volunteer 3, of round 2, ([\d.]+) bits per byte/m.exec(
        stdout,
      )!;
      expect(Number(best)).toBeLessThan(Number(left));
      expect(Number(best)).toBeCloseTo(made.scores[0]!.at(-1)!.bitsPerByte, 3);
      expect(weights("best")).toEqual(weights("model"));
      expect(readFileSync(at("best", "README.md"), "utf8")).toContain(`they need ${best} bits per byte`);
    } finally {
      rmSync(at("data", "volunteers", "3"), { recursive: true });
    }
  });

  test("words from elsewhere: a volunteer's folder, or its file beside a tokenizer", async () => {
    const alone = at("alone");
    mkdirSync(alone);
    cpSync(at("data", "volunteers", "1"), join(alone, "mine"), { recursive: true });
    await exported(at("data"), "--words", join(alone, "mine"), "--to", at("of-folder"));
    expect(weights("of-folder")).toEqual(weights("model"));
    const file = ["--words", at(folderOf("1"), home!), "--source", "a"];
    await expect(exported(at("data"), ...file, "--to", at("of-file"))).rejects.toThrow(
      "--tokenizer: expected the tokenizer.json that the rows of these words stand for",
    );
    await exported(at("data"), ...file, "--tokenizer", at("model", "tokenizer.json"), "--to", at("of-file"));
    const [one, other] = [await readModelFolder(at("of-file")), await readModelFolder(at("model"))];
    expect(one.parameters).toEqual(other.parameters);
    expect(readFileSync(at("of-file", "README.md"), "utf8")).toContain("the run does not know them");
    await expect(
      exported(
        at("data"),
        "--words",
        at(folderOf("1"), text!),
        ...file.slice(2),
        "--tokenizer",
        at("model", "tokenizer.json"),
        "--to",
        at("no"),
      ),
    ).rejects.toThrow("text.safetensors, tensor model.embed_tokens.weight: expected");
    expect(existsSync(at("no"))).toBe(false);
  });

  test("[X11] a folder with something in it is refused, and is as it was", async () => {
    mkdirSync(at("full"));
    writeFileSync(at("full", "notes.txt"), "mine");
    await expect(exported(at("data"), "--source", "a", "--to", at("full"))).rejects.toThrow(
      /--to: expected a folder that is empty or not there yet \(name another one, or move away what is in it\), got .*full with notes.txt/,
    );
    expect(readdirSync(at("full"))).toEqual(["notes.txt"]);
    mkdirSync(at("empty"));
    await exported(at("data"), "--source", "a", "--to", at("empty"));
    expect(weights("empty")).toEqual(weights("model"));
  });

  test("[X11] a write that fails leaves nothing", async () => {
    const impossible = new Map([
      ["config.json", new Uint8Array(3)],
      ["config.json/onnx", new Uint8Array(3)], // a file where a folder would have to be
    ]);
    await expect(writeModelFolder(at("half"), impossible)).rejects.toThrow();
    expect(readdirSync(folder).filter((name) => name.startsWith("half"))).toEqual([]);
  });

  test("what was typed wrong is said by option", async () => {
    const failed = (...args: string[]) =>
      exported(...args).then(
        () => "nothing",
        (error: Error) => error.message,
      );
    expect(await failed("--to", at("x"))).toBe("export: expected one data folder or address, got none");
    expect(await failed(folder, "--to", at("x"))).toMatch(
      /^export: expected a data folder, a volunteer's folder or an address/,
    );
    expect(await failed(at("data"))).toBe("--to: expected the folder that is written, got none");
    expect(await failed(at("data"), "--to", at("x"), "--format", "zip")).toBe(
      "--format: expected hf or gguf or onnx, got zip",
    );
    expect(await failed(at("data"), "--to", at("x"), "--weights", "q8_0")).toBe(
      "--weights: expected f32, as the format hf has them, got q8_0",
    );
    expect(await failed(at("data"), "--to", at("x"), "--tokenizer", at("t.json"))).toBe(
      "--tokenizer: expected a file as --words, whose rows it names, got none",
    );
    expect(await failed(at("data"), "--to", at("x"), "--words", at("nowhere"))).toMatch(
      /^--words: expected a volunteer's folder/,
    );
    expect(await failed(at("data"), "--to", at("x"), "--words", at("full"))).toMatch(
      /^--words: expected a volunteer's folder with words of this run, got/,
    );
  });
});
