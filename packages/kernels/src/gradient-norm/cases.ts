// Cases for the comparison with the reference, on every backend.

import { type Case, chance } from "../../test/draw.ts";
import { gradientNorm } from "./index.ts";

export const cases: Readonly<Record<string, Case>> = {
  "gradient norm": ({ dice, plan, tensor, size }) => {
    const gradients = tensor([dice.below(3) === 0 ? 5000 + dice.below(5000) : size()]);
    const all = chance(dice) ? [gradients] : [gradients, tensor([size()])];
    gradientNorm(plan, all, tensor([size()]), tensor([4]), chance(dice) ? 1 : 1000);
  },
};
