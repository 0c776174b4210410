// homebody adapt, with bodies of every kind that may be written for it, real training and real files.

import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { decodeSafetensors, float32Tensors, tensorByName } from "@homebody/base";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { run } from "../src/adapt.ts";
import { readModelFolder } from "../src/models/folder.ts";
import { captured, finishedRun } from "./finished-run.ts";

let folder: string;
let made: Awaited<ReturnType<typeof finishedRun>>;
const at = (...path: string[]) => join(folder, ...path);

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "homebody-adapt-"));
  made = await finishedRun(folder, { rounds: 3, localSteps: 20, body: "fp16" });
});
afterAll(async () => {
  await made.server.close();
  rmSync(folder, { recursive: true, force: true });
});

const adapted = (body: string, ...more: string[]) =>
  captured(run, [body, "--text", at("b.jsonl"), "--backend", "wasm", "--threads", "1", ...more]);
const thetaOf = async (model: string) => (await readModelFolder(model)).parameters.theta.data;

/** The body that the run published last, by an independent way: its blob. */
function publishedTheta(number: number): Float32Array {
  const { sha256 } = made.server.figures().bodies.find((body) => body.number === number)!.sections[0]!;
  const bytes = readFileSync(at("data", "blobs", sha256.slice(0, 2), sha256));
  writeFileSync(at(`theta-${number}.safetensors`), bytes);
  return float32Tensors(decodeSafetensors(new Uint8Array(bytes))).data;
}

describe("a frozen body is the body that was written", () => {
  test.each([
    ["a data folder", () => at("data"), 3],
    ["a coordinator's address", () => made.server.url, 3],
    ["a section's file", () => at("theta-3.safetensors"), 3],
    ["random, of a run file", () => `random:${made.run}`, 0],
  ])("%s", async (name, written, number) => {
    const expected = publishedTheta(number);
    const [to, next] = [at(name), at(`${name}, again`)];
    const { code } = await adapted(written(), "--steps", "2", "--freeze-body", "--vocab", "300", "--to", to);
    expect(code).toBe(0);
    expect(await thetaOf(to)).toEqual(expected);
    // Of a model folder again, with its embeddings: they have moved on, the body has not.
    const again = await adapted(to, "--embeddings", to, "--steps", "1", "--freeze-body", "--to", next);
    expect(again.code).toBe(0);
    expect(await thetaOf(next)).toEqual(expected);
    const [one, two] = [await readModelFolder(to), await readModelFolder(next)];
    expect(two.tokenizer.toJson()).toBe(one.tokenizer.toJson());
    expect(two.parameters.phi.layout).toEqual(one.parameters.phi.layout);
    expect(two.parameters.phi.data).not.toEqual(one.parameters.phi.data);
    const { published } = made.server.figures();
    if (number === published) expect(one.provenance).toMatchObject({ run: made.server.run, body: "3" });
  });
});

test("a text is learnt; the result says by how much, from what and how; the same command gives the same model", async () => {
  const args = ["--vocab", "300", "--steps", "60", "--learning-rate", "0.01", "--json"];
  const { stdout, stderr } = await adapted(at("data"), ...args, "--to", at("one"));
  expect(stderr).toMatch(/step 60\/60, loss \d\.\d+, \d\.\d+ bits per byte held out/);
  const result = JSON.parse(stdout);
  expect(result.body).toMatchObject({ run: made.server.run, body: "3", run_name: "test" });
  expect(result.body.body_id).toBe(made.server.figures().bodies.at(-1)!.id);
  expect(result.evaluations.map(({ step }: { step: number }) => step)).toEqual(
    Array.from({ length: 13 }, (_, i) => 5 * i),
  );
  expect(result.heldOut.bitsPerByte).toBeLessThan(0.5 * result.evaluations[0].bitsPerByte);
  // The words of the text come by chance, so a unigram model is good already: the floor of each word's own tokens.
  expect(result.heldOut.bitsPerByte).toBeLessThan(result.unigram.bitsPerByte);
  expect(result.text.heldOutBytes).toBe(result.heldOut.bytes);
  expect(result.args).toContain("--learning-rate");
  await adapted(at("data"), ...args, "--to", at("two"));
  for (const file of ["config.json", "model.safetensors", "tokenizer.json", "README.md"])
    expect(readFileSync(at("two", file)).equals(readFileSync(at("one", file))), file).toBe(true);
  const card = readFileSync(at("one", "README.md"), "utf8");
  expect(card).toContain(`${result.heldOut.bitsPerByte.toFixed(3)} bits per byte`);
  expect(card).toContain(result.body.body_id);
});

test("a body that is worse than counting tokens is said to be", async () => {
  const { stdout } = await adapted(at("data"), "--vocab", "300", "--steps", "1");
  expect(stdout).toMatch(/held-out bytes, \d+\.\d % more than a unigram model \(/);
});

test("a model folder has Hugging Face's names, and embeddings can be taken from a file beside a tokenizer", async () => {
  await adapted(at("data"), "--vocab", "300", "--steps", "2", "--to", at("hf"));
  const config = JSON.parse(readFileSync(at("hf", "config.json"), "utf8"));
  expect(config).toMatchObject({ model_type: "llama", architectures: ["LlamaForCausalLM"], hidden_size: 16 });
  const file = decodeSafetensors(new Uint8Array(readFileSync(at("hf", "model.safetensors"))));
  expect([...file.tensors.keys()]).toContain("model.embed_tokens.weight");
  expect(file.metadata.format).toBe("pt");
  const { code } = await adapted(
    at("data"),
    ...["--steps", "1", "--freeze-body", "--learning-rate", "1e-9", "--to", at("from-file")],
    ...["--embeddings", at("hf", "model.safetensors"), "--tokenizer", at("hf", "tokenizer.json")],
  );
  expect(code).toBe(0);
  const before = tensorByName(float32Tensors(file), "model.embed_tokens.weight");
  const after = (await readModelFolder(at("from-file"))).parameters.phi.data;
  const worst = after.reduce((most, value, i) => Math.max(most, Math.abs(value - before[i]!)), 0);
  expect(worst).toBeLessThan(1e-7);
});

test("rows may be shorter than the model's context; what its config asks for and training does not do is said", async () => {
  await adapted(at("data"), "--vocab", "300", "--steps", "1", "--to", at("long"));
  const config = JSON.parse(readFileSync(at("long", "config.json"), "utf8"));
  writeFileSync(at("long", "config.json"), JSON.stringify({ ...config, attention_dropout: 0.1 }));
  const short = ["--embeddings", at("long"), "--context", "8", "--steps", "2", "--to", at("short")];
  const { stdout } = await adapted(at("long"), ...short);
  expect(stdout).toContain("asks for attention_dropout 0.1: it was trained without dropout");
  const after = JSON.parse(readFileSync(at("short", "config.json"), "utf8"));
  expect(after.max_position_embeddings).toBe(config.max_position_embeddings);
  expect(await thetaOf(at("short"))).not.toEqual(await thetaOf(at("long")));
});

test("what is wrong is said in words", async () => {
  const wrong = async (body: string, ...more: string[]) =>
    adapted(body, ...more).then(
      () => "nothing",
      (error: Error) => error.message,
    );
  await adapted(at("data"), "--vocab", "300", "--steps", "1", "--to", at("m"));
  expect(await wrong(at("nowhere"))).toMatch(
    /^body: expected a file, a folder, a URL or random:RUN.yaml, got nothing at/,
  );
  expect(await wrong(at("a.jsonl"))).toMatch(/^a.jsonl header: expected at most \d+ bytes/);
  expect(await wrong("http://127.0.0.1:1/")).toMatch(/expected a coordinator that answers/);
  expect(await wrong(at("m", "model.safetensors"))).toContain(
    "expected a config, as files of a body's sections have",
  );
  expect(await wrong(at("data"), "--vocab", "300", "--tokenizer", "x")).toBe(
    "--vocab, --tokenizer: expected one of them, got both",
  );
  expect(await wrong(at("data"), "--embeddings", at("m", "model.safetensors"))).toBe(
    "--embeddings: expected --tokenizer beside it, for what its rows stand for, got none",
  );
  expect(await wrong(at("data"), "--context", "33")).toBe(
    "--context: expected at most 16, the model's, got 33",
  );
  expect(await wrong(at("data"), "--to", at("m"))).toMatch(/^--to: expected a folder that is empty/); // [X11]
  expect(await wrong(at("data"), "--steps", "none")).toMatch(/^--steps: expected a whole number/);
  expect(await wrong(at("data"), "--held-out", at("nothing.txt"))).toMatch(
    /^--held-out: expected a file or folder/,
  );
  // Embeddings of another vocabulary.
  await adapted(at("data"), "--vocab", "260", "--steps", "1", "--to", at("small"));
  expect(
    await wrong(
      at("data"),
      ...["--embeddings", at("small", "model.safetensors"), "--tokenizer", at("m", "tokenizer.json")],
    ),
  ).toMatch(/tensor model.embed_tokens.weight: expected \[2\d\d, 16\], got \[260, 16\]/);
});
