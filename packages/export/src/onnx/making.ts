// What the parts of a model are made with.

import { slotView } from "@homebody/base";
import { groups, type ModelConfig } from "@homebody/model";
import type { Model } from "../model.ts";
import { transposed } from "../transposed.ts";
import type { Graph } from "./graph.ts";

export interface Making {
  readonly config: ModelConfig;
  readonly g: Graph;
  /** The parameter of that name as it is; a matrix that turns the last side, as [in, out]. */
  weight(name: string, as?: "as it is" | "transposed"): string;
}

export function weightsOf({ parameters }: Model, g: Graph): Making["weight"] {
  const slots = new Map(
    groups.flatMap((group) =>
      parameters[group].layout.slots.map(
        (slot) => [slot.name, { slot, tensors: parameters[group] }] as const,
      ),
    ),
  );
  return (name, as = "as it is") => {
    const { slot, tensors } = slots.get(name)!;
    const values = slotView(tensors, slot);
    if (as === "as it is") return g.tensor(name, slot.shape, () => values);
    const [rows, columns] = slot.shape as [number, number];
    return g.tensor(name, [columns, rows], () => transposed(values, rows, columns));
  };
}
