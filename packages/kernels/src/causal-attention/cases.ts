// Cases for the comparison with the reference, on every backend.

import { type Case, chance } from "../../test/draw.ts";
import { causalAttention, causalAttentionGrad } from "./index.ts";

export const cases: Readonly<Record<string, Case>> = {
  "attention and its gradient": ({ dice, plan, tensor }) => {
    const kvHeads = 1 + dice.below(2);
    const heads = kvHeads * (1 + dice.below(3));
    const [batch, context, headSize] = [1 + dice.below(2), 1 + dice.below(70), 1 + dice.below(9)];
    const shape = { batch, heads, kvHeads };
    const columns = (heads + 2 * kvHeads) * headSize * (chance(dice) ? 4 : 1);
    const qkv = tensor([batch * context, columns]);
    const attended = causalAttention(plan, qkv, shape);
    causalAttentionGrad(plan, qkv, attended, tensor(attended.y.shape), shape);
  },
};

export const halfCases: Readonly<Record<string, Case>> = {
  "attention of halves, and its gradient": ({ plan, tensor, half }) => {
    const shape = { batch: 2, heads: 4, kvHeads: 2 };
    const qkv = half([2 * 19, 8 * 8]);
    const attended = causalAttention(plan, qkv, shape, "f16");
    causalAttentionGrad(plan, qkv, attended, tensor([2 * 19, 4 * 8]), shape);
  },
};
