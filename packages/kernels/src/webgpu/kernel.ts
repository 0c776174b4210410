// What a kernel in WGSL is: it turns a command into dispatches of programs, which are then made ready for repeating.

import type { KernelName } from "../plan/plan.ts";
import type { Bound, BoundCommand } from "../plan/runtime.ts";
import type { Design } from "./design.ts";
import type { Groups, Program } from "./wgsl.ts";

/** What a kernel dispatches on. */
export interface Gpu {
  readonly design: Design;
  dispatch(program: Program, operands: readonly Bound[], uniforms: readonly number[], groups: Groups): void;
}

export type WebgpuKernel<N extends KernelName> = (gpu: Gpu, command: BoundCommand<N>) => void;

export type WebgpuKernels = { readonly [N in KernelName]: WebgpuKernel<N> };
