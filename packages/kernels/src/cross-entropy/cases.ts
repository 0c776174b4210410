// Cases for the comparison with the reference, on every backend.

import { type Case, chance, settings } from "../../test/draw.ts";
import { settingsSize } from "../adamw/spec.ts";
import { crossEntropy } from "./index.ts";

export const cases: Readonly<Record<string, Case>> = {
  "cross-entropy, masked targets and large logits": ({ dice, plan, tensor, integers, size }) => {
    const [rows, vocabulary] = [size(40), 1 + size()];
    const scale = chance(dice) ? 30 : 1;
    const logits = Float32Array.from({ length: rows * vocabulary }, () => scale * dice.normal());
    const targets = Int32Array.from({ length: rows }, (_, i) =>
      i % 4 === 3 ? -100 : dice.below(vocabulary),
    );
    const inputs = {
      targets: integers(targets),
      settings: tensor([settingsSize], settings()),
      losses: tensor([rows]),
    };
    const options = { gradient: chance(dice), accumulate: chance(dice) };
    crossEntropy(plan, tensor([rows, vocabulary], logits), inputs, options);
  },
};
