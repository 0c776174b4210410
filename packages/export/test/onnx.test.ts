// What is in an exported onnx folder.

import { expect, test } from "vitest";
import { hf, onnx } from "../src/index.ts";
import { encodeOnnx } from "../src/onnx/model-file.ts";
import { modelOf, shapes } from "./small.ts";

const parsed = (bytes: Uint8Array | undefined) => JSON.parse(new TextDecoder().decode(bytes));

test("[X1] equal models have equal bytes", () => {
  for (const shape of shapes) {
    const [one, same] = [1, 2].map(() => onnx.files(modelOf(shape), "a card\n"));
    expect(one).toEqual(same);
  }
});

test("[X15] beside the model lies what hf has beside its weights, and config.json says which file is meant", () => {
  const model = modelOf(shapes[0]!);
  const [files, theirs] = [onnx, hf].map(({ files }) => files(model, "a card\n"));
  expect([...files!.keys()]).toEqual([
    "config.json",
    "generation_config.json",
    "tokenizer.json",
    "tokenizer_config.json",
    "onnx/model.onnx",
    "README.md",
  ]);
  const { "transformers.js_config": own, ...config } = parsed(files!.get("config.json"));
  expect(own).toEqual({ dtype: "fp32" });
  expect(config).toEqual(parsed(theirs!.get("config.json")));
  for (const name of ["generation_config.json", "tokenizer.json", "tokenizer_config.json", "README.md"])
    expect(files!.get(name)).toEqual(theirs!.get(name));
});

test("[X15] a tied head is not written", () => {
  const [tied, untied] = [true, false].map(
    (tied) => onnx.files(modelOf({ family: "llama", tied }), "").get("onnx/model.onnx")!.length,
  );
  expect(untied! - tied!).toBeGreaterThan(300 * 32 * 4 - 1000);
});

test("[X15] what is too large for the format is refused before it is made", () => {
  const constants = [
    { name: "a", type: "float", shape: [2 ** 29], values: () => new Float32Array() },
  ] as const;
  const model = { name: "x", inputs: [], outputs: [], nodes: [], constants, metadata: {} };
  expect(() => encodeOnnx(model)).toThrow(/^onnx: expected a file of at most 2 GiB.* got 21474\d+ bytes$/);
});
