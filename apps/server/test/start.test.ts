// A run that starts from a model: its folder gives what the run file leaves out, body 0, and under GLOB and TRIM the words.

import { mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { decodeSafetensors, float32Tensors, type NamedTensors, random, sha256Of } from "@homebody/base";
import { firstParameters } from "@homebody/experiment";
import { hf, type Model } from "@homebody/export";
import { groups, type ModelDial, modelConfig } from "@homebody/model";
import { trainTokenizer } from "@homebody/text";
import { afterEach, beforeEach, expect, test } from "vitest";
import { asOthersWrite, type OthersWay } from "../../../test/others-folder.ts";
import { writeRun, writeTexts } from "../../../test/run-folder.ts";
import { createServer, loadRunFile, type RunningServer, stderrLog } from "../src/index.ts";

let folder: string;
let server: RunningServer | undefined;
const at = (...path: string[]) => join(folder, ...path);

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "homebody-start-"));
});
afterEach(async () => {
  await server?.close();
  server = undefined;
  rmSync(folder, { recursive: true, force: true });
});

/** With more positions than a run asks for below, and more rows than its tokenizer has tokens. */
function modelOf(family: ModelDial["family"]): Model {
  const { a, b } = writeTexts(folder);
  const tokenizer = trainTokenizer([...a, ...b], { vocabulary: 300 });
  const ofLlama = family === "llama" ? { kvHeads: 1, ropeTheta: 500 } : {};
  const overrides = { width: 16, heads: 2, hidden: 24, tied: false, normEpsilon: 1e-6, ...ofLlama };
  const config = modelConfig({ family, depth: 2, context: 32, overrides }, 310);
  const parameters = firstParameters(config, "of another");
  for (const group of groups) {
    const dice = random(group);
    const { data } = parameters[group];
    for (let i = 0; i < data.length; i++) data[i]! += 0.1 * dice.normal();
  }
  return { config, parameters, tokenizer, provenance: {} };
}

function writeModel(model: Model, way: OthersWay = {}, change: object = {}): void {
  const { "model.safetensors": weights, ...files } = Object.fromEntries(hf.files(model, ""));
  const config = JSON.parse(new TextDecoder().decode(files["config.json"]));
  const all = { ...files, ...asOthersWrite(weights!, way) };
  mkdirSync(at("model"), { recursive: true });
  for (const [name, bytes] of Object.entries(all)) writeFileSync(at("model", name), bytes);
  writeFileSync(at("model", "config.json"), JSON.stringify({ ...config, ...change }));
}

async function serve(...more: readonly string[]): Promise<RunningServer> {
  const run = writeRun(folder, { start: "model", more });
  server = await createServer({ run, dataDir: at("data"), port: 0, log: stderrLog("silent") });
  return server;
}

/** Of body 0, as the coordinator keeps it. */
function section(name: string): NamedTensors {
  const { sha256 } = server!.figures().bodies[0]!.sections.find((one) => one.name === name)!;
  const bytes = new Uint8Array(readFileSync(at("data", "blobs", sha256.slice(0, 2), sha256)));
  return float32Tensors(decodeSafetensors(bytes));
}

const glob = ["variant: glob", "vocabulary: { kind: global }", "model: { context: 16 }"];

test.each([
  ["gpt2", {}],
  ["llama", { files: 2, bare: true }],
] as const)(
  "[X21] SPEC from a %s: the body is the folder's, the model follows from its config",
  async (family, way) => {
    const model = modelOf(family);
    writeModel(model, way);
    const { manifest } = (await serve()).state();
    expect(manifest.model).toMatchObject({ family, depth: 2, context: 32 });
    expect(section("theta")).toEqual(model.parameters.theta);

    expect(manifest.start).toEqual({
      name: "model",
      sha256: expect.stringMatching(/^[0-9a-f]{64}$/),
      groups: ["theta"],
    });
    if (family === "gpt2")
      expect(manifest.start!.sha256).toBe(
        sha256Of(new Uint8Array(readFileSync(at("model", "model.safetensors")))),
      );
  },
);

test.each(["gpt2", "llama"] as const)(
  "[X21] GLOB from a %s: words and vocabulary are the folder's, positions as many as the run has",
  async (family) => {
    const model = modelOf(family);
    writeModel(model);
    const { manifest } = (await serve(...glob)).state();
    const { sources, start } = manifest;
    expect(sources.map(({ vocabulary }) => vocabulary)).toEqual([310, 310]);
    const json = new TextEncoder().encode(model.tokenizer.toJson());
    expect(sources[0]!.tokenizer!.sha256).toBe(sha256Of(json));
    expect(start!.groups).toEqual(["theta", "phi", "psi"]);
    expect(section("theta")).toEqual(model.parameters.theta);
    expect(section("phi")).toEqual(model.parameters.phi);
    if (family === "gpt2")
      expect(section("psi").data).toEqual(model.parameters.psi.data.subarray(0, 16 * 16));
  },
);

test("[X21] GLOB with another vocabulary: the words begin by the seed", async () => {
  const model = modelOf("llama");
  writeModel(model);
  writeFileSync(at("other.json"), trainTokenizer([], { vocabulary: 257 }).toJson());
  const more = ["variant: glob", "vocabulary: { kind: global, file: other.json }"];
  const { manifest } = (await serve(...more)).state();
  expect([manifest.start!.groups, manifest.sources[0]!.vocabulary]).toEqual([["theta", "psi"], 257]);
  expect(section("theta")).toEqual(model.parameters.theta);
  expect(section("phi").data.length).toBe(2 * 257 * 16);
});

test("[X21] the run is that of its weights, whatever the folder is called, and goes on", async () => {
  const model = modelOf("llama");
  writeModel(model);
  const run = writeRun(folder, { start: "model" });
  const again = async (from: string) => {
    await server?.close();
    server = undefined;
    writeFileSync(run, readFileSync(run, "utf8").replace(/from: \w+/, `from: ${from}`));
    server = await createServer({ run, dataDir: at("data"), port: 0, log: stderrLog("silent") });
    return server;
  };
  const first = (await again("model")).state().manifest;
  renameSync(at("model"), at("moved"));
  expect((await again("moved")).existed).toBe(true);
  expect(server!.state().manifest).toEqual(first);
  model.parameters.theta.data[0]! += 1;
  writeModel(model);
  await expect(again("model")).rejects.toThrow(
    /start.sha256: the run in this folder has "[0-9a-f]{64}", the file "/,
  );
});

test("[C45] body 0 that the disk has lost is made again of the folder", async () => {
  writeModel(modelOf("llama"));
  await serve(...glob);
  const { sections } = server!.figures().bodies[0]!;
  const paths = sections.map(({ sha256 }) => at("data", "blobs", sha256.slice(0, 2), sha256));
  const before = paths.map((path) => readFileSync(path));
  await server!.close();
  server = undefined;
  for (const path of paths) rmSync(path);
  await serve(...glob);
  expect(paths.map((path) => readFileSync(path))).toEqual(before);
});

test("[X22] what a run file says of its model is what the folder has", async () => {
  writeModel(modelOf("llama"));
  const problems = async (model: string) => {
    const run = writeRun(folder, { start: "model", more: [model] });
    return await loadRunFile(run).then(
      () => [],
      (error: { problems: readonly string[] }) => error.problems,
    );
  };
  expect(
    await problems("model: { family: llama, depth: 2, context: 32, overrides: { kvHeads: 1 } }"),
  ).toEqual([]);
  expect(
    await problems(
      "model: { family: gpt2, depth: 3, context: 64, overrides: { width: 32, ropeTheta: 10000 } }",
    ),
  ).toEqual(
    [
      'model.family: expected nothing, or "llama" as in model, got "gpt2"',
      "model.depth: expected nothing, or 2 as in model, got 3",
      "model.overrides.width: expected nothing, or 16 as in model, got 32",
      "model.overrides.ropeTheta: expected nothing, or 500 as in model, got 10000",
      "model.context: expected at most 32, the positions of model, got 64",
    ].map((sentence) => expect.stringMatching(new RegExp(`^run\\.yaml:\\d+: ${sentence}$`))),
  );
});

test.each([
  [
    { rope_scaling: { rope_type: "llama3" } },
    'expected positions that are not scaled as its config.rope_scaling, got "llama3"',
  ],
  [{ model_type: "mistral" }, 'expected gpt2 or llama as its config.model_type, got "mistral"'],
  [{ attention_bias: true }, "expected false as its config.attention_bias, got true"],
])("[X22] a folder with %j is refused in one sentence", async (change, sentence) => {
  writeModel(modelOf("llama"), {}, change);
  const run = writeRun(folder, { start: "model" });
  const error = await loadRunFile(run).catch((error: Error) => error);
  expect((error as Error).message).toBe(`run.yaml:3: start.from: ${sentence}`);
});

test("[X22] a folder that is not there, and positions that are too many", async () => {
  const run = writeRun(folder, { start: "nowhere" });
  await expect(loadRunFile(run)).rejects.toThrow(
    `run.yaml:3: start.from: expected a model folder at ${at("nowhere")}, got ENOENT`,
  );
  writeModel(modelOf("llama"), {}, { max_position_embeddings: 131072 });
  await expect(loadRunFile(writeRun(folder, { start: "model" }))).rejects.toThrow(
    "model.context: expected at most 8192 of the 131072 positions of model, got nothing",
  );
});
