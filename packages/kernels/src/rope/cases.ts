// Cases for the comparison with the reference, on every backend.

import { type Case, chance } from "../../test/draw.ts";
import { rope, ropeTables } from "./index.ts";

export const cases: Readonly<Record<string, Case>> = {
  rope: ({ dice, plan, tensor }) => {
    const [batch, context, heads, half] = [
      1 + dice.below(2),
      1 + dice.below(20),
      1 + dice.below(3),
      1 + dice.below(9),
    ];
    const tables = ropeTables(context, 2 * half, 100);
    const shape = [context, half];
    const [cos, sin] = [tensor(shape, tables.cos), tensor(shape, tables.sin)];
    const x = tensor([batch * context, heads * 2 * half + dice.below(5)]);
    rope(plan, x, { cos, sin }, heads, chance(dice) ? 1 : -1);
  },
};
