// [X20] Model folders that others wrote.

import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { decodeSafetensors, float32Tensors, sha256Of, tensorByName } from "@homebody/base";
import { groups } from "@homebody/model";
import { startBackend } from "@homebody/train";
import { createMeasuringTrainer } from "@homebody/train/measuring";
import { describe, expect, test } from "vitest";
import { asOthersWrite } from "../../../test/others-folder.ts";
import { hf, readModelConfig, readModelWeights } from "../src/index.ts";
import { folderOf, modelOf, shapes } from "./small.ts";

const ways = [
  { name: "one file with a mask, names without their prefix", bare: true, mask: true },
  { name: "three files", files: 3 },
  { name: "bfloat16 in two files", files: 2, type: "BF16" },
] as const;

test.each(shapes.flatMap((shape) => ways.map((way) => ({ ...shape, ...way }))))(
  "[X20] $family, tied: $tied, $name: the numbers are those that were written",
  async ({ name: _, family, tied, ...way }) => {
    const model = modelOf({ family, tied });
    const files = asOthersWrite(hf.files(model, "").get("model.safetensors")!, way);
    const { parameters } = await readModelWeights(folderOf(files), model.config, groups);
    for (const group of groups) {
      const expected = model.parameters[group].data.slice();
      // bfloat16 is the upper half of a float32.
      const bits = new Uint32Array(expected.buffer);
      if ("type" in way) for (let i = 0; i < bits.length; i++) bits[i]! &= 0xffff0000;
      expect(parameters[group]!.data).toEqual(expected);
    }
  },
);

test("[X20] a folder has the hash of its file, or of its files together", async () => {
  const { config } = modelOf(shapes[0]!);
  const weights = hf.files(modelOf(shapes[0]!), "").get("model.safetensors")!;
  const hash = async (files: Record<string, Uint8Array>) =>
    (await readModelWeights(folderOf(files), config, [])).sha256;
  const one = asOthersWrite(weights);
  expect(await hash(one)).toBe(sha256Of(one["model.safetensors"]!));
  const two = asOthersWrite(weights, { files: 2 });
  const lines = ["model-00001-of-00002.safetensors", "model-00002-of-00002.safetensors"]
    .map((name) => `${sha256Of(two[name]!)}  ${name}\n`)
    .join("");
  expect(await hash(two)).toBe(sha256Of(new TextEncoder().encode(lines)));
});

test("[X20] what is missing in a folder is said", async () => {
  const { config } = modelOf(shapes[0]!);
  const files = asOthersWrite(hf.files(modelOf(shapes[0]!), "").get("model.safetensors")!, { files: 2 });
  const { "model-00002-of-00002.safetensors": _, ...less } = files;
  const read = (some: Record<string, Uint8Array>) => readModelWeights(folderOf(some), config, groups);
  await expect(read(less)).rejects.toThrow(
    "folder, model.safetensors.index.json: expected files that are in the folder, got model-00002-of-00002.safetensors",
  );
  await expect(read({ "pytorch_model.bin": new Uint8Array(1) })).rejects.toThrow(
    /^folder: expected model.safetensors, or model.safetensors.index.json .* got pytorch_model.bin$/,
  );
  await expect(read({ "config.json": new Uint8Array(1) })).rejects.toThrow("got neither");
});

const shared = process.env.HOMEBODY_SHARED ?? join(import.meta.dirname, "..", "..", "..", "..", "shared");
const golden = join(shared, "golden");
const present = existsSync(golden);
if (!present && process.env.CI) throw new Error(`golden cases: expected them at ${golden}, got nothing`);

describe.skipIf(!present)(`PyTorch's tensors${present ? "" : " (absent: set HOMEBODY_SHARED)"}`, () => {
  test.each(["engine-gpt2", "engine-llama", "engine-llama-untied"])(
    "[X20] %s as a folder: its logits are PyTorch's",
    async (name) => {
      await startBackend("wasm", { threads: 1 });
      const part = (file: string) => new Uint8Array(readFileSync(join(golden, name, file)));
      const { config: json } = JSON.parse(new TextDecoder().decode(part("case.json")));
      const files = {
        ...asOthersWrite(part("init.safetensors"), { files: 2, bare: true }),
        "config.json": new TextEncoder().encode(JSON.stringify(json)),
      };
      const folder = folderOf(files);
      const { config } = await readModelConfig(folder);
      const { parameters } = await readModelWeights(folder, config, groups);
      const { shape, data } = decodeSafetensors(part("batches.safetensors")).tensors.get("inputs")!;
      const [, rows, context] = shape as [number, number, number];
      const inputs = (data as Int32Array).slice(0, rows * context);
      const trainer = createMeasuringTrainer({ config, betas: [0, 0], epsilon: 1, weightDecay: 0, clip: 1 });
      try {
        for (const group of groups) trainer.load(group, parameters[group]!);
        const logits = await trainer.logits({ rows, context, inputs, targets: inputs });
        const expected = tensorByName(
          float32Tensors(decodeSafetensors(part("expected.safetensors"))),
          "logits",
        );
        const furthest = logits.reduce((most, x, i) => Math.max(most, Math.abs(x - expected[i]!)), 0);
        const largest = expected.reduce((most, x) => Math.max(most, Math.abs(x)), 0);
        expect(furthest).toBeLessThan(1e-5 * largest);
      } finally {
        trainer.dispose();
      }
    },
  );
});
