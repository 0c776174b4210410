// From commands to calls of the module in tfjs's memory: addresses and sizes are found once.

import { type Attributes, sizeOf } from "../plan/plan.ts";
import type { BoundOperands } from "../plan/runtime.ts";
import type { SimdModule } from "./module.ts";

export type Call = () => void;

export interface CallInputs {
  readonly simd: SimdModule;
  readonly operands: BoundOperands;
  /** Addresses of the operands. */
  readonly at: Readonly<Record<string, number>>;
  readonly attributes: Attributes;
}

export type PrepareCall = (prepare: CallInputs) => Call;

export const shapeOf = ({ operands }: CallInputs, name: string) => operands[name]!.shape as [number, number];
export const sizeAt = ({ operands }: CallInputs, name: string) => sizeOf(operands[name]!.shape);
/** 0 stands for an operand that is not there. */
export const or0 = ({ at }: CallInputs, name: string) => at[name] ?? 0;
