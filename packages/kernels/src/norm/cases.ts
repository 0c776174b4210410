// Cases for the comparison with the reference, on every backend.

import { type Case, chance, type Draw } from "../../test/draw.ts";
import { norm, normGrad, normWeightGrad } from "./index.ts";

export const cases: Readonly<Record<string, Case>> = {
  "LayerNorm and its gradient": (draw) => normCase(draw, true),
  "RMSNorm and its gradient": (draw) => normCase(draw, false),
};

export const halfCases: Readonly<Record<string, Case>> = {
  "LayerNorm to halves": ({ plan, tensor, size }) => {
    const [rows, columns] = [size(), 4 * size(20)];
    norm(plan, tensor([rows, columns]), { weight: tensor([columns]), bias: tensor([columns]) }, 1e-5, "f16");
  },
};

function normCase({ dice, plan, tensor, size }: Draw, centred: boolean): void {
  const [rows, columns] = [size(), 1 + size()];
  const vector = () => tensor([columns]);
  const [x, dy] = [tensor([rows, columns]), tensor([rows, columns])];
  const parameters = { weight: vector(), bias: centred ? vector() : undefined };
  const { stats } = norm(plan, x, parameters, 1e-5);
  const skip = chance(dice) ? tensor([rows, columns]) : undefined;
  normGrad(plan, { x, stats, weight: parameters.weight, centred, skip }, dy);
  const into = { weight: vector(), bias: centred ? vector() : undefined };
  normWeightGrad(plan, { x, stats }, dy, into, chance(dice));
}
