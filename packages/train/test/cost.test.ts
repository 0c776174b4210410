// What a step costs, known from its plan.

import { costOf, type Storage } from "@homebody/kernels";
import { arrange, dimensions, modelConfig, parametersOf } from "@homebody/model";
import { expect, test } from "vitest";
import { type EngineOptions, gradientPlan, keepBatch, keepModel } from "../src/plans.ts";
import { allOf } from "../src/rates.ts";
import { settings } from "./trainer-contract.ts";

const keep = (name: string, size: number, type: Storage["type"] = "f32"): Storage => ({
  name,
  size,
  type,
  kept: true,
});

test.each(["gpt2", "llama"] as const)(
  "%s: products take six operations a token and a number of the matrices that they multiply by; attention 7 T D more",
  (family) => {
    const config = modelConfig(
      { family, depth: 3, context: 8, overrides: { width: 16, heads: 2, hidden: 24 } },
      50,
    );
    const shape = { rows: 3, context: 8 };
    const options: EngineOptions = { config, ...settings };
    const arrangement = arrange(config);
    const [model, batch] = [keepModel(arrangement, false, keep), keepBatch(config, shape, keep)];
    const plan = gradientPlan({ options, arrangement, model, batch, shape }, allOf(arrangement), false);
    const flopsOf = (which: RegExp) =>
      plan.commands
        .filter(({ kernel }) => which.test(kernel))
        .reduce((sum, one) => sum + costOf(one).flops, 0);
    // The head is the token embedding again.
    const multiplied = parametersOf(config)
      .filter(({ group, shape }) => shape.length === 2 && group !== "psi")
      .reduce((sum, { shape: [rows = 0, columns = 0] }) => sum + rows * columns, 0);
    const { layers } = dimensions(config);
    expect(config.tie_word_embeddings).toBe(true);
    expect(flopsOf(/^MatMul$/)).toBe(6 * 24 * multiplied);
    expect(flopsOf(/^CausalAttention/)).toBe(layers * 7 * 24 * 8 * 16);
  },
);
