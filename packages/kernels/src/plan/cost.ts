// What a kernel costs: arithmetic as its spec says, bytes as the roles of its operands say.
//
// Known from the plan, before anything runs; what a command takes on a device is measured (Prepared's profile).

import { type Command, elementBytes, type Operand, sizeOf, specOf } from "./plan.ts";
import { type OperandSpec, type Role, roleOf } from "./spec.ts";

export interface Cost {
  /** Additions, multiplications, divisions and functions. */
  readonly flops: number;
  /** Read and written. */
  readonly bytes: number;
}

/** How often an operand's bytes move. */
const passes: Readonly<Record<Role, number>> = { input: 1, output: 1, update: 2, scratch: 2 };

export function costOf({ kernel, operands, attributes, sizes }: Command): Cost {
  const spec = specOf(kernel);
  const given: Readonly<Record<string, Operand | undefined>> = operands;
  const bytes = Object.entries(spec.operands).reduce((sum, [name, one]) => {
    const operand = given[name];
    if (operand === undefined) return sum;
    return sum + passes[roleOf(one, attributes)] * touchedBytes(one, operand, sizes);
  }, 0);
  return { flops: spec.flops(sizes, attributes), bytes };
}

function touchedBytes(
  { touched }: OperandSpec,
  { shape, storage }: Operand,
  sizes: Readonly<Record<string, number | undefined>>,
): number {
  const touchedShape = touched?.map((axis) => sizes[axis] ?? 0) ?? shape;
  return elementBytes[storage.type] * sizeOf(touchedShape);
}
