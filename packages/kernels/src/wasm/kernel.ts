// From commands to calls of the module in tfjs's memory: addresses and sizes are found once.

import type { Attributes, KernelName, Operands, Sizes } from "../plan/plan.ts";
import type { SimdModule } from "./module.ts";

export type Call = () => void;

export interface CallInputs<N extends KernelName> {
  readonly simd: SimdModule;
  /** Addresses of the operands. The module takes 0 for one that is not there. */
  readonly at: Operands<N, number>;
  readonly sizes: Sizes<N>;
  readonly attributes: Attributes<N>;
}

export type WasmKernel<N extends KernelName> = (inputs: CallInputs<N>) => Call;

export type WasmKernels = { readonly [N in KernelName]: WasmKernel<N> };
