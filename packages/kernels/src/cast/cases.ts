// Cases for the comparison with the reference, on every backend.

import type { Case } from "../../test/draw.ts";
import { cast } from "./index.ts";

export const cases: Readonly<Record<string, Case>> = {
  "cast from float32 to float32": ({ plan, tensor, size }) => {
    const n = 4 * size();
    cast(plan, tensor([n]), tensor([n]));
  },
};

export const halfCases: Readonly<Record<string, Case>> = {
  "cast to halves and back": ({ plan, tensor, half }) => {
    cast(plan, tensor([12]), half([12]));
    cast(plan, half([400]), tensor([400]));
  },
};
