import { expect, test } from "vitest";
import { dimensions, modelConfig } from "./config.ts";
import { configFromHuggingFace } from "./hugging-face.ts";
import { countParameters, groupLayout, initialParameters, parametersOf } from "./parameters.ts";

test("one dial: every dimension follows from depth", () => {
  const { width, heads, headSize, hidden } = dimensions(
    modelConfig({ family: "llama", depth: 6, context: 256 }, 1000),
  );
  expect({ width, heads, headSize, hidden }).toEqual({ width: 384, heads: 6, headSize: 64, hidden: 1024 });
  expect(dimensions(modelConfig({ family: "gpt2", depth: 6, context: 256 }, 1000)).hidden).toBe(1536);
});

test("every dimension can be overridden, and the rest follows", () => {
  const overrides = {
    width: 48,
    kvHeads: 2,
    heads: 6,
    hidden: 100,
    tied: false,
    ropeTheta: 5e5,
    normEpsilon: 1e-6,
  };
  const config = modelConfig({ family: "llama", depth: 2, context: 16, overrides }, 300);
  expect(config).toMatchObject({
    hidden_size: 48,
    num_attention_heads: 6,
    num_key_value_heads: 2,
    intermediate_size: 100,
    tie_word_embeddings: false,
    rope_theta: 5e5,
    rms_norm_eps: 1e-6,
    max_position_embeddings: 16,
    vocab_size: 300,
  });
  expect(
    dimensions(modelConfig({ family: "gpt2", depth: 1, context: 8, overrides: { width: 100 } }, 300)).heads,
  ).toBe(2);
});

test("an impossible model is said: what was expected and what came", () => {
  const make = (overrides: object, family: "gpt2" | "llama" = "llama") =>
    modelConfig({ family, depth: 2, context: 16, overrides }, 300);
  expect(() => make({ width: 50, heads: 4 })).toThrow(
    "model: heads: expected a divisor of the width 50, got 4",
  );
  expect(() => make({ heads: 4, kvHeads: 3 })).toThrow(
    "model: kvHeads: expected a divisor of the heads 4, got 3",
  );
  expect(() => make({ width: 12, heads: 4 })).toThrow("expected an even number, for RoPE, got 3");
  expect(() => make({ heads: 2, kvHeads: 1 }, "gpt2")).toThrow("model.overrides.kvHeads");
});

test("GPT-2 small has the parameters that it is known for", () => {
  const config = configFromHuggingFace({ model_type: "gpt2" });
  const counts = (["theta", "phi", "psi"] as const).map((group) => countParameters(config, group));
  expect(counts).toEqual([85_056_000, 50257 * 768, 1024 * 768]);
  expect(counts.reduce((sum, count) => sum + count)).toBe(124_439_808);
});

test("a head that is not tied has vocabulary rows, so it stays at home", () => {
  const config = modelConfig({ family: "llama", depth: 1, context: 8, overrides: { tied: false } }, 300);
  expect(groupLayout(config, "phi").slots.map(({ name }) => name)).toEqual([
    "model.embed_tokens.weight",
    "lm_head.weight",
  ]);
  expect(groupLayout(config, "psi").size).toBe(0);
});

test("first values: of the seed alone, the same whichever groups are asked for", () => {
  const config = modelConfig({ family: "gpt2", depth: 2, context: 8, overrides: { width: 32 } }, 300);
  const theta = initialParameters(config, ["theta"], "7/body");
  const all = initialParameters(config, ["theta", "phi", "psi"], "7/body");
  for (const slot of theta.layout.slots) {
    const twin = all.layout.slots.find(({ name }) => name === slot.name)!;
    const numbers = theta.data.subarray(slot.offset, slot.offset + slot.size);
    expect(all.data.subarray(twin.offset, twin.offset + twin.size)).toEqual(numbers);
  }
  expect(initialParameters(config, ["theta"], "8/body").data).not.toEqual(theta.data);
});

test("deviations are those of the paper: 0.02, and less into the residual stream", () => {
  const config = modelConfig({ family: "gpt2", depth: 2, context: 64, overrides: { width: 128 } }, 300);
  const tensors = initialParameters(config, ["theta", "phi", "psi"], "1");
  for (const { name, init } of parametersOf(config)) {
    const slot = tensors.layout.slots.find((slot) => slot.name === name)!;
    const values = tensors.data.subarray(slot.offset, slot.offset + slot.size);
    const deviation = Math.sqrt(values.reduce((sum, value) => sum + value * value, 0) / values.length);
    const expected = { normal: 0.02, residual: 0.01, ones: 1, zeros: 0 }[init];
    expect(Math.abs(deviation - expected), name).toBeLessThanOrEqual(0.05 * expected);
  }
});
