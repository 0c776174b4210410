// Cases for the comparison with the reference, on every backend.

import { type Case, chance, settings } from "../../test/draw.ts";
import { settingsSize } from "../adamw/spec.ts";
import { muon } from "./index.ts";

export const cases: Readonly<Record<string, Case>> = {
  Muon: ({ dice, plan, tensor, size }) => {
    // Sides that can be taken in fours, and others.
    const side = () => (chance(dice) ? 4 : 1) * size(30);
    const block = {
      row: dice.below(3) * side(),
      column: dice.below(3) * side(),
      rows: side(),
      columns: side(),
    };
    const [after, beside] = [dice.below(3), dice.below(3) * side()];
    const shape = [block.row + block.rows + after, block.column + block.columns + beside];
    const states = {
      parameter: tensor(shape),
      gradient: tensor(shape),
      moment: tensor(shape),
      control: tensor([4], [3, 2, dice.below(4) === 0 ? 0 : 0.5, 0]),
      settings: tensor([settingsSize], settings()),
    };
    muon(plan, states, block, 0.95, chance(dice));
  },
};
