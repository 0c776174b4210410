// Exported gguf files as Hugging Face's own parser reads them.

import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { halfValue, tensorByName } from "@homebody/base";
import { afterAll, describe, expect, test } from "vitest";
import { consumer, hasConsumers } from "../../../test/consumers.ts";
import { gguf, type Model, type WeightType } from "../src/index.ts";
import { context, modelOf, shapes, tokenizer } from "./small.ts";

const folder = mkdtempSync(join(tmpdir(), "homebody-gguf-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

interface Parser {
  gguf(
    path: string,
    options: { allowLocalFile: true },
  ): Promise<{
    readonly metadata: Readonly<Record<string, unknown>>;
    readonly tensorInfos: readonly TensorInfo[];
    readonly tensorDataOffset: bigint;
  }>;
}
interface TensorInfo {
  readonly name: string;
  readonly shape: readonly bigint[];
  readonly dtype: number;
  readonly offset: bigint;
}

async function parsed(model: Model, weightType?: WeightType) {
  const file = gguf.files(model, "", weightType).get("model.gguf")!;
  const path = join(folder, "model.gguf");
  writeFileSync(path, file);
  const { gguf: parse } = await consumer<Parser>("@huggingface/gguf/dist/index.js");
  const { metadata, tensorInfos, tensorDataOffset } = await parse(path, { allowLocalFile: true });
  const view = new DataView(file.buffer, file.byteOffset);
  const tensors = new Map(
    tensorInfos.map(({ name, shape, dtype, offset }) => {
      const at = Number(tensorDataOffset + offset);
      return [name, { shape: shape.map(Number), dtype, at, value: valueAt(view, at, dtype) }];
    }),
  );
  return { metadata, tensors };
}

/** Number i of a tensor of ggml's type 0 (f32), 1 (f16) or 8 (q8_0). */
function valueAt(view: DataView, at: number, type: number): (i: number) => number {
  if (type === 0) return (i) => view.getFloat32(at + 4 * i, true);
  if (type === 1) return (i) => halfValue(view.getUint16(at + 2 * i, true));
  return (i) => {
    const block = at + 34 * Math.floor(i / 32);
    return halfValue(view.getUint16(block, true)) * view.getInt8(block + 2 + (i % 32));
  };
}

const llama = modelOf({ family: "llama", tied: false });
const gpt2 = modelOf({ family: "gpt2", tied: true });

test("[X1] equal models have equal bytes, and the card is the README", () => {
  const [one, same] = [1, 2].map(() => gguf.files(modelOf(shapes[0]!), "a card\n", "q8_0"));
  expect(one).toEqual(same);
  expect([...one!.keys()]).toEqual(["model.gguf", "README.md"]);
  expect(new TextDecoder().decode(one!.get("README.md"))).toBe("a card\n");
});

test("[X13] a number that half precision has not is named", () => {
  const model = modelOf(shapes[0]!);
  tensorByName(model.parameters.phi, "transformer.wte.weight")[7] = 70_000;
  expect(() => gguf.files(model, "", "f16")).toThrow(
    /^tensor token_embd.weight: expected .*65504.*got 70000$/,
  );
  expect(() => gguf.files(model, "", "f32")).not.toThrow();
});

describe.skipIf(!hasConsumers)("as @huggingface/gguf reads it", () => {
  test("[X12] a llama's metadata", async () => {
    const { metadata } = await parsed(llama);
    expect(metadata).toMatchObject({
      version: 3,
      "general.architecture": "llama",
      "general.file_type": 0,
      "llama.context_length": context,
      "llama.embedding_length": 32,
      "llama.block_count": 2,
      "llama.feed_forward_length": 48,
      "llama.attention.head_count": 4,
      "llama.attention.head_count_kv": 2,
      "llama.attention.layer_norm_rms_epsilon": Math.fround(1e-6),
      "llama.rope.dimension_count": 8,
      "llama.rope.freq_base": 500,
      "llama.vocab_size": 300,
      "homebody.run": "r",
      "homebody.body": "3",
    });
  });

  test("[X12] a gpt2's metadata", async () => {
    const { metadata } = await parsed(gpt2, "q8_0");
    expect(metadata).toMatchObject({
      "general.architecture": "gpt2",
      "general.file_type": 7,
      "general.quantization_version": 2,
      "gpt2.context_length": context,
      "gpt2.embedding_length": 32,
      "gpt2.block_count": 2,
      "gpt2.feed_forward_length": 48,
      "gpt2.attention.head_count": 4,
      "gpt2.attention.layer_norm_epsilon": Math.fround(1e-5),
    });
  });

  test("[X12] the vocabulary, a token for each row, and the merges", async () => {
    const { metadata } = await parsed(gpt2);
    const { vocab, merges } = JSON.parse(tokenizer.toJson()).model;
    const tokens = metadata["tokenizer.ggml.tokens"] as string[];
    const types = metadata["tokenizer.ggml.token_type"] as number[];
    expect(tokens).toHaveLength(300);
    expect(Object.fromEntries(tokens.slice(0, 290).map((token, id) => [token, id]))).toEqual(vocab);
    expect(tokens[299]).toBe("[PAD299]");
    const end = tokenizer.endOfDocument;
    expect(types).toEqual(tokens.map((_, id) => (id === end ? 3 : id < 290 ? 1 : 5)));
    expect(metadata["tokenizer.ggml.merges"]).toEqual(merges.map((pair: string[]) => pair.join(" ")));
    expect(metadata).toMatchObject({
      "tokenizer.ggml.model": "gpt2",
      "tokenizer.ggml.pre": "gpt-2",
      "tokenizer.ggml.bos_token_id": end,
      "tokenizer.ggml.eos_token_id": end,
      "tokenizer.ggml.add_bos_token": true,
      "tokenizer.ggml.add_eos_token": false,
    });
  });

  test.each(shapes)(
    "[X12] $family, tied: $tied: every tensor at a multiple of 32 bytes, a tied head not",
    async (shape) => {
      const { tensors } = await parsed(modelOf(shape));
      expect([...tensors.values()].map(({ at }) => at % 32)).toEqual([...tensors].map(() => 0));
      expect(tensors.has("output.weight")).toBe(!shape.tied);
      expect(tensors.size).toBe({ gpt2: 2 * 12 + 4, llama: 2 * 9 + 2 }[shape.family] + (shape.tied ? 0 : 1));
    },
  );

  test("[X12] rows are as llama.cpp has them: transposed, or with rotary pairs side by side", async () => {
    const up = (await parsed(gpt2)).tensors.get("blk.1.ffn_up.weight")!;
    const own = tensorByName(gpt2.parameters.theta, "transformer.h.1.mlp.c_fc.weight"); // [32, 48]
    expect(up.shape).toEqual([32, 48]); // what is in a row first
    expect(up.value(5 * 32 + 3)).toBe(own[3 * 48 + 5]);

    const keys = (await parsed(llama)).tensors.get("blk.0.attn_k.weight")!;
    const theirs = tensorByName(llama.parameters.theta, "model.layers.0.self_attn.k_proj.weight"); // 2 heads of 8 rows
    const rows = [0, 4, 1, 5, 2, 6, 3, 7, 8, 12, 9, 13, 10, 14, 11, 15];
    expect(rows.map((_, row) => keys.value(row * 32 + 9))).toEqual(rows.map((row) => theirs[row * 32 + 9]));
  });

  test("[X13] norms, biases and positions stay float32, and rows that are no blocks of 32 are halves", async () => {
    const { tensors } = await parsed(gpt2, "q8_0");
    const type = (name: string) => tensors.get(name)!.dtype;
    const names = ["blk.0.attn_norm.weight", "blk.0.ffn_up.bias", "position_embd.weight"];
    expect(names.map(type)).toEqual([0, 0, 0]);
    expect(type("blk.0.ffn_up.weight")).toBe(8);
    expect(type("blk.0.ffn_down.weight")).toBe(1); // rows of 48
    const own = tensorByName(gpt2.parameters.phi, "transformer.wte.weight");
    const written = tensors.get("token_embd.weight")!;
    const largest = own.subarray(0, 32).reduce((a, b) => Math.max(a, Math.abs(b)), 0);
    for (let i = 0; i < 32; i++) expect(Math.abs(written.value(i) - own[i]!)).toBeLessThan(largest / 250);
  });
});
