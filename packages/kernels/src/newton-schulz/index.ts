// Newton-Schulz steps to the nearest half-orthogonal matrix: what Muon does to its momentum (Jordan et al. 2024).
//
// X <- G / (|G| + epsilon); five times, with A = X Xᵀ (or XᵀX, whichever is smaller): X <- a X + (b A + c A²) X. The
// singular values end between 0.7 and 1.2. G, X [M, N]. All of it is products: 10 times 2 min² (2 max + min) operations.

import { partSize } from "../gradient-norm/spec.ts";
import { matmul } from "../matmul/index.ts";
import { type Operand, type Plan, sizeOf } from "../plan/plan.ts";

export const coefficients = { a: 3.4445, b: -4.775, c: 2.0315 } as const;
const epsilon = 1e-7;

export function newtonSchulz(plan: Plan, g: Operand, steps = 5): Operand {
  const { a, b, c } = coefficients;
  const [rows = 0, columns = 0] = g.shape;
  const isWide = rows <= columns;
  let x = normalize(plan, g);
  for (let step = 0; step < steps; step++) {
    const gram = matmul(plan, x, x, { transposeA: !isWide, transposeB: isWide });
    const blend = matmul(plan, gram, gram, { alpha: c, residual: gram, beta: b });
    const [left, right] = isWide ? [blend, x] : [x, blend];
    x = matmul(plan, left, right, { residual: x, beta: a });
  }
  return x;
}

function normalize(plan: Plan, x: Operand): Operand {
  const y = plan.temporary(x.shape);
  const parts = plan.temporary([Math.ceil(sizeOf(x.shape) / partSize)]);
  const norm = plan.temporary([1]);
  plan.add("Normalize", { x, parts, norm, y }, { epsilon });
  return y;
}
