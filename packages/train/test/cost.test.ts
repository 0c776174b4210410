// What a step costs, known from its plan.

import { costOf } from "@homebody/kernels";
import { arrange, dimensions, type ModelConfig, modelConfig, parametersOf } from "@homebody/model";
import { expect, test } from "vitest";
import { counting } from "../src/keep.ts";
import { type EngineOptions, gradientPlan, keepBatch, keepModel } from "../src/plans.ts";
import { keepCache, keepPiece, keepPredictor, predictionPlan } from "../src/prediction.ts";
import { allOf } from "../src/rates.ts";
import { settings } from "./trainer-contract.ts";

const { keep } = counting();

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
    const multiplied = multipliedIn(config);
    const { layers } = dimensions(config);
    expect(config.tie_word_embeddings).toBe(true);
    expect(flopsOf(/^MatMul$/)).toBe(6 * 24 * multiplied);
    expect(flopsOf(/^CausalAttention/)).toBe(layers * 7 * 24 * 8 * 16);
  },
);

/** Numbers of the matrices that a token is multiplied by; the head is the token embedding again. */
function multipliedIn(config: ModelConfig): number {
  return parametersOf(config)
    .filter(({ group, shape }) => shape.length === 2 && group !== "psi")
    .reduce((sum, { shape: [rows = 0, columns = 0] }) => sum + rows * columns, 0);
}

test.each(["gpt2", "llama"] as const)(
  "%s: a token that follows takes two operations a number of the matrices, and 4 T D at most to see those before it",
  (family) => {
    const costsOf = (context: number) => {
      const overrides = { width: 16, heads: 2, hidden: 24 };
      const config = modelConfig({ family, depth: 3, context, overrides }, 50);
      const arrangement = arrange(config);
      const plan = predictionPlan({
        config,
        arrangement,
        predictor: keepPredictor(config, arrangement, keep),
        piece: keepPiece(1, keep),
        cache: keepCache(config, keep),
      });
      const flopsOf = (which: RegExp) =>
        plan.commands
          .filter(({ kernel }) => which.test(kernel))
          .reduce((sum, one) => sum + costOf(one).flops, 0);
      expect(flopsOf(/^MatMul$/)).toBe(2 * multipliedIn(config));
      expect(flopsOf(/^CachedAttention$/)).toBe(3 * 4 * context * 16);
      return flopsOf(/^/) - flopsOf(/^CachedAttention$/);
    };
    // All else is the same, however much may be in the cache.
    expect(costsOf(4096)).toBe(costsOf(8));
  },
);
