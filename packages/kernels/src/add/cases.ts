// Cases for the comparison with the reference, on every backend.

import type { Case } from "../../test/draw.ts";
import { add } from "./index.ts";

export const cases: Readonly<Record<string, Case>> = {
  add: ({ plan, tensor, size }) => {
    const n = size();
    add(plan, tensor([n]), tensor([n]));
  },
};
