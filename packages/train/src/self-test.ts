// Known numbers: two steps of a tiny model, computed beforehand. A backend that disagrees is not used.
//
// The model has every op that the families have (grouped heads, RoPE, SwiGLU in llama; positions, LayerNorm, GELU,
// biases in gpt2), targets that do not count, and a tied head. The numbers were made on tfjs's cpu backend, which the
// golden cases hold to PyTorch's.

import { random } from "@homebody/base";
import { groupLayout, groups, initialParameters, type ModelConfig, modelConfig } from "@homebody/model";
import { createTrainer } from "./trainer.ts";

/** Loss before each of two steps, and the norm of each gradient. */
export const knownNumbers: Readonly<Record<"gpt2" | "llama", readonly number[]>> = {
  gpt2: [4.695942401885986, 14.372587102112021, 4.58536434173584, 11.925871758518948],
  llama: [4.258871078491211, 17.72261386682976, 4.042855262756348, 13.069439386044463],
};

/** Relative; float32 engines that are right stay ten times below. */
export const tolerance = 1e-4;

/** The worst relative error against the known numbers; infinite where a number is missing. */
export async function selfTest(): Promise<number> {
  let worst = 0;
  for (const family of ["llama", "gpt2"] as const) {
    const got = await selfTestNumbers(family);
    knownNumbers[family].forEach((known, i) => {
      const error = Math.abs(got[i]! - known) / Math.abs(known);
      worst = Math.max(worst, Number.isFinite(error) ? error : Number.POSITIVE_INFINITY);
    });
  }
  return worst;
}

export async function selfTestNumbers(family: "gpt2" | "llama"): Promise<number[]> {
  const config: ModelConfig = modelConfig(
    {
      family,
      depth: 1,
      context: 8,
      overrides: { width: 16, heads: 4, hidden: 24, ...(family === "llama" && { kvHeads: 2 }) },
    },
    40,
  );
  const trainer = createTrainer({
    config,
    betas: [0.9, 0.95],
    epsilon: 1e-8,
    weightDecay: 0.1,
    clip: 1,
  });
  try {
    for (const group of groups) {
      const first = initialParameters(config, [group], "self-test");
      // Larger than at a real start: the numbers then depend on every op.
      for (let i = 0; i < first.data.length; i++) first.data[i]! *= 4;
      if (groupLayout(config, group).size > 0) trainer.load(group, first);
    }
    const dice = random("self-test batch");
    const numbers: number[] = [];
    for (let step = 0; step < 2; step++) {
      const ids = Int32Array.from({ length: 16 }, () => dice.below(40));
      const targets = Int32Array.from({ length: 16 }, (_, i) => (i % 5 === 4 ? -100 : dice.below(40)));
      const { loss, gradNorm } = await trainer.step({ inputs: ids, targets, rows: 2, context: 8 }, 0.01);
      numbers.push(loss, gradNorm);
    }
    return numbers;
  } finally {
    trainer.dispose();
  }
}
