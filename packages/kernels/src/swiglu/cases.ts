// Cases for the comparison with the reference, on every backend.

import type { Case } from "../../test/draw.ts";
import { swiglu, swigluGrad } from "./index.ts";

export const cases: Readonly<Record<string, Case>> = {
  "SwiGLU and its gradient": ({ plan, tensor, size }) => {
    const [rows, columns] = [size(), size()];
    const x = tensor([rows, 2 * columns]);
    swiglu(plan, x);
    swigluGrad(plan, x, tensor([rows, columns]));
  },
};

export const halfCases: Readonly<Record<string, Case>> = {
  "SwiGLU of halves, and its gradient": ({ plan, tensor, half, size }) => {
    const [rows, columns] = [size(), 4 * size(20)];
    const x = half([rows, 2 * columns]);
    swiglu(plan, x, "f16");
    swigluGrad(plan, x, tensor([rows, columns]));
  },
};
