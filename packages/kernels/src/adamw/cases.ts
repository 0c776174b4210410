// Cases for the comparison with the reference, on every backend.

import { type Case, chance, settings } from "../../test/draw.ts";
import { adamw } from "./index.ts";
import { settingsSize } from "./spec.ts";

export const cases: Readonly<Record<string, Case>> = {
  AdamW: ({ dice, plan, tensor, size }) => {
    const n = size();
    const squares = Float32Array.from({ length: n }, () => dice.normal() ** 2);
    const states = {
      parameter: tensor([n]),
      gradient: tensor([n]),
      first: tensor([n]),
      second: tensor([n], squares),
      control: tensor([4], [3, 2, dice.below(4) === 0 ? 0 : 0.5, 0]),
      settings: tensor([settingsSize], settings()),
    };
    adamw(plan, states, { beta1: 0.9, beta2: 0.95, epsilon: 1e-8 }, chance(dice));
  },
};
