import { decodeSafetensors } from "@homebody/base";
import { modelConfig, parametersOf } from "@homebody/model";
import { expect, test } from "vitest";
import { decodeModel, encodeModel, firstParameters, type Model } from "../src/index.ts";
import { context, documentsOf, english, prepare } from "./small.ts";

const { tokenizer } = prepare(documentsOf(english, 20, "files"));
const shapes = { gpt2: { tied: true }, llama: { tied: false, kvHeads: 1 } } as const;

function modelOf(family: keyof typeof shapes): Model {
  const overrides = { width: 16, heads: 2, hidden: 32, ...shapes[family] };
  const config = modelConfig({ family, depth: 2, context, overrides }, 300);
  return { config, parameters: firstParameters(config, "1"), tokenizer, provenance: { run: "r" } };
}

test.each(["gpt2", "llama"] as const)("%s: written and read, a model is the same", (family) => {
  const model = modelOf(family);
  const files = encodeModel(model);
  const read = decodeModel(files, "folder");
  expect({ ...read, tokenizer: read.tokenizer.toJson() }).toEqual({
    ...model,
    tokenizer: tokenizer.toJson(),
  });
  const names = [...decodeSafetensors(files["model.safetensors"]).tensors.keys()];
  expect(names.sort()).toEqual(
    parametersOf(model.config)
      .map(({ name }) => name)
      .sort(),
  );
});

test("what does not fit is named: the file, the tensor, the shape", () => {
  const model = modelOf("llama");
  const files = encodeModel(model);
  const config = (change: object) => ({
    ...files,
    "config.json": new TextEncoder().encode(
      JSON.stringify({ ...JSON.parse(new TextDecoder().decode(files["config.json"])), ...change }),
    ),
  });
  const wrong = (changed: typeof files) => expect(() => decodeModel(changed, "folder"));
  wrong(config({ intermediate_size: 64 })).toThrow(
    "folder, model.safetensors, tensor model.layers.0.mlp.gate_proj.weight: expected [64, 16], got [32, 16]",
  );
  wrong(config({ num_hidden_layers: 3 })).toThrow(
    "tensor model.layers.2.input_layernorm.weight: expected [16], got nothing",
  );
  wrong(config({ vocab_size: 200 })).toThrow(
    "tokenizer.json: expected at most 200 tokens, the config's vocab_size",
  );
  wrong({ ...files, "config.json": new TextEncoder().encode("no") }).toThrow(
    "folder, config.json: expected JSON",
  );
});
