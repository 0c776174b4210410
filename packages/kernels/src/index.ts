// Kernels of a transformer for tfjs's backends, and plans made of them: each kernel in a folder of its own, with its
// gradient and a plain reference.

export type { KernelTime, Numbers, Prepared, Runtime } from "./plan/runtime.ts";
export { Workspace } from "./plan/workspace.ts";
export * from "./plans.ts";
export { runsByItself, startRuntime } from "./runtime.ts";
export { loadSimd } from "./wasm/module.ts";
export {
  chooseDesign,
  type Design,
  designFor,
  designs,
  natureOf,
  type Tiling,
  type TilingName,
  tilings,
} from "./webgpu/design.ts";
export { designOf, isTuning, type Tuning, tune, tuningVersion } from "./webgpu/tune.ts";
