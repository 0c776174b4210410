import { decodeSafetensors } from "@homebody/base";
import { parametersOf } from "@homebody/model";
import { expect, test } from "vitest";
import { hf, type Model, readModel } from "../src/index.ts";
import { context, folderOf, modelOf, shapes, tokenizer } from "./small.ts";

const parsed = (bytes: Uint8Array | undefined) => JSON.parse(new TextDecoder().decode(bytes));
const filesOf = (model: Model) => Object.fromEntries(hf.files(model, "a card\n"));

test.each(shapes)("[X2] [X5] $family, tied: $tied: written and read, a model is the same", async (shape) => {
  const model = modelOf(shape);
  const files = filesOf(model);
  const read = await readModel(folderOf(files));
  expect({ ...read, tokenizer: read.tokenizer.toJson() }).toEqual({
    ...model,
    tokenizer: tokenizer.toJson(),
  });
  const { tensors, metadata } = decodeSafetensors(files["model.safetensors"]!);
  expect(metadata.format).toBe("pt");
  expect([...tensors.keys()].sort()).toEqual(
    parametersOf(model.config)
      .map(({ name }) => name)
      .sort(),
  );
  expect(tensors.has("lm_head.weight")).toBe(!shape.tied);
});

test("[X1] equal models have equal bytes, and the card is the README", () => {
  const [one, same] = [shapes[0]!, shapes[0]!].map((shape) => hf.files(modelOf(shape), "a card\n"));
  expect(one).toEqual(same);
  expect([...one!.keys()]).toEqual([
    "config.json",
    "generation_config.json",
    "tokenizer.json",
    "tokenizer_config.json",
    "model.safetensors",
    "README.md",
  ]);
  expect(new TextDecoder().decode(one!.get("README.md"))).toBe("a card\n");
});

test("[X2] config.json says what transformers would take other defaults for", () => {
  const end = tokenizer.endOfDocument;
  const ends = { bos_token_id: end, eos_token_id: end };
  const [gpt2, llama] = [shapes[0]!, shapes[3]!].map((shape) =>
    parsed(hf.files(modelOf(shape), "").get("config.json")),
  );
  // As GPT2Config and LlamaConfig spell them (transformers, configuration_gpt2.py and configuration_llama.py).
  expect(gpt2).toEqual({
    architectures: ["GPT2LMHeadModel"],
    model_type: "gpt2",
    vocab_size: 300,
    n_positions: context,
    n_embd: 32,
    n_layer: 2,
    n_head: 4,
    n_inner: 48,
    activation_function: "gelu_new",
    layer_norm_epsilon: 1e-5,
    initializer_range: 0.02,
    attn_pdrop: 0,
    embd_pdrop: 0,
    resid_pdrop: 0,
    scale_attn_weights: true,
    scale_attn_by_inverse_layer_idx: false,
    tie_word_embeddings: true,
    use_cache: true,
    torch_dtype: "float32",
    ...ends,
  });
  expect(llama).toEqual({
    architectures: ["LlamaForCausalLM"],
    model_type: "llama",
    vocab_size: 300,
    hidden_size: 32,
    intermediate_size: 48,
    num_hidden_layers: 2,
    num_attention_heads: 4,
    num_key_value_heads: 2,
    head_dim: 8,
    hidden_act: "silu",
    max_position_embeddings: context,
    rms_norm_eps: 1e-6,
    rope_theta: 500,
    rope_scaling: null,
    attention_bias: false,
    attention_dropout: 0,
    mlp_bias: false,
    initializer_range: 0.02,
    tie_word_embeddings: false,
    use_cache: true,
    torch_dtype: "float32",
    ...ends,
  });
});

test("[X2] a generated text ends with its document, at the latest where positions end", () => {
  const files = hf.files(modelOf(shapes[0]!), "");
  const end = tokenizer.endOfDocument;
  expect(parsed(files.get("generation_config.json"))).toEqual({
    bos_token_id: end,
    eos_token_id: end,
    pad_token_id: end,
    max_length: context,
  });
});

test("[X5] what does not fit is named: the file, the tensor, the shape", async () => {
  const model = modelOf(shapes[3]!);
  const files = filesOf(model);
  const config = (change: object) => ({
    ...files,
    "config.json": new TextEncoder().encode(JSON.stringify({ ...parsed(files["config.json"]), ...change })),
  });
  const wrong = (changed: typeof files) => expect(readModel(folderOf(changed))).rejects;
  await wrong(config({ intermediate_size: 64 })).toThrow(
    "folder, model.safetensors, tensor model.layers.0.mlp.gate_proj.weight: expected [64, 32], got [48, 32]",
  );
  await wrong(config({ num_hidden_layers: 3 })).toThrow(
    "tensor model.layers.2.input_layernorm.weight: expected [32], got nothing",
  );
  await wrong(config({ vocab_size: 200 })).toThrow(
    "tokenizer.json: expected at most 200 tokens, the config's vocab_size",
  );
  await wrong({ ...files, "config.json": new TextEncoder().encode("no") }).toThrow(
    "folder, config.json: expected JSON",
  );
});
