// Cases for the comparison with the reference, on every backend.

import { type Case, chance, type Draw } from "../../test/draw.ts";
import { matmul } from "./index.ts";

export const cases: Readonly<Record<string, Case>> = {
  "matmul, all transpositions": (draw) => product(draw, draw.size()),
  "matmul, of one row": (draw) => product(draw, 1),
  "matmul, blended": ({ plan, tensor, size }) => {
    const [m, k, n] = [size(), size(), size()];
    matmul(plan, tensor([m, k]), tensor([k, n]), { alpha: -0.5, beta: 2, residual: tensor([m, n]) });
  },
};

function product({ dice, plan, tensor, size }: Draw, m: number): void {
  const [k, n] = [size(), size()];
  const [transposeA, transposeB] = [chance(dice), chance(dice)];
  const a = tensor(transposeA ? [k, m] : [m, k]);
  const b = tensor(transposeB ? [n, k] : [k, n]);
  const bias = chance(dice) ? tensor([n]) : undefined;
  const other = () => tensor([m, n]);
  const after = [
    {},
    { residual: other() },
    { accumulate: true, into: other() },
    { activation: { kind: "gelu", pre: other() } },
    { activation: { kind: "geluGrad", pre: other() } },
  ] as const;
  matmul(plan, a, b, { transposeA, transposeB, bias, ...after[dice.below(after.length)]! });
}

export const halfCases: Readonly<Record<string, Case>> = {
  "matmul, halves in and out": ({ dice, plan, tensor, half, size }) => {
    const [m, k, n] = [4 * size(20), 4 * size(20), 4 * size(20)];
    const [transposeA, transposeB] = [chance(dice), chance(dice)];
    const a = half(transposeA ? [k, m] : [m, k]);
    const b = (chance(dice) ? tensor : half)(transposeB ? [n, k] : [k, n]);
    const kind = chance(dice) ? "gelu" : "geluGrad";
    const activation = { kind, pre: half([m, n]) } as const;
    matmul(plan, a, b, { transposeA, transposeB, type: "f16", ...(chance(dice) && { activation }) });
  },
};
