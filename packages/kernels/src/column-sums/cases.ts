// Cases for the comparison with the reference, on every backend.

import { type Case, chance } from "../../test/draw.ts";
import { columnSums } from "./index.ts";

export const cases: Readonly<Record<string, Case>> = {
  columnSums: ({ dice, plan, tensor, size }) => {
    const [rows, columns] = [size(), size()];
    columnSums(plan, tensor([rows, columns]), tensor([columns]), chance(dice));
  },
};
