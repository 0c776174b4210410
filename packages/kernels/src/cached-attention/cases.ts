// Cases for the comparison with the reference, on every backend.

import { permutation } from "@homebody/base";
import type { Case } from "../../test/draw.ts";
import { cachedAttention } from "./index.ts";

export const cases: Readonly<Record<string, Case>> = {
  "attention to what is kept, of new rows in any order, and of one more": ({
    dice,
    plan,
    tensor,
    integers,
  }) => {
    const kvHeads = 1 + dice.below(2);
    const heads = kvHeads * (1 + dice.below(3));
    const [headSize, rows] = [1 + dice.below(9), 1 + dice.below(8)];
    const before = dice.below(150);
    const cache = tensor([before + rows + 1 + dice.below(5), 2 * kvHeads * headSize]);
    const columns = (heads + 2 * kvHeads) * headSize;
    const order = permutation(rows, dice);
    const places = integers([...order.map((at) => before + at)]);
    cachedAttention(plan, tensor([rows, columns]), { places, cache }, { heads, kvHeads });
    const next = integers([before + rows]);
    cachedAttention(plan, tensor([1, columns]), { places: next, cache }, { heads, kvHeads });
  },
  "attention of a row that stands in for others": ({ plan, tensor, integers }) => {
    const row = new Float32Array(24).map((_, i) => Math.sin(i));
    const qkv = tensor([3, 24], [...row, ...row, ...row]);
    const cache = tensor([9, 8]);
    cachedAttention(plan, qkv, { places: integers([5, 5, 5]), cache }, { heads: 4, kvHeads: 1 });
  },
};
