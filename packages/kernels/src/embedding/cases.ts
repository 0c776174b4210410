// Cases for the comparison with the reference, on every backend.

import { type Case, chance } from "../../test/draw.ts";
import { chains, embedding, embeddingGrad } from "./index.ts";

export const cases: Readonly<Record<string, Case>> = {
  embedding: ({ dice, plan, tensor, integers, size }) => {
    const [batch, context, rows, width] = [1 + dice.below(3), size(40), size(60), size()];
    const ids = integers(Int32Array.from({ length: batch * context }, () => dice.below(rows)));
    embedding(plan, ids, tensor([rows, width]), chance(dice) ? tensor([context, width]) : undefined);
  },
  embeddingGrad: ({ dice, plan, tensor, integers, size }) => {
    const [count, rows, width] = [size(40), size(60), size()];
    const found = chains(
      Array.from({ length: count }, () => dice.below(rows)),
      rows,
    );
    const links = { heads: integers(found.heads), links: integers(found.links) };
    embeddingGrad(plan, links, tensor([count, width]), tensor([rows, width]), chance(dice));
  },
};
