// Cases for the comparison with the reference, on every backend.

import type { Case } from "../../test/draw.ts";
import { newtonSchulz } from "./index.ts";

export const cases: Readonly<Record<string, Case>> = {
  "Newton-Schulz": ({ plan, tensor, size }) => {
    newtonSchulz(plan, tensor([size(), size()]));
  },
};
