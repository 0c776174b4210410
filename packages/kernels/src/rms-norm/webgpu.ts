import type { Kernel } from "../webgpu/gpu.ts";
import { runNorm, runNormGrad } from "../webgpu/norm.ts";

export const rmsNormKernel: Kernel = (gpu, inputs, { epsilon }) => [
  runNorm(gpu, inputs.x!, inputs.weight!, null, Number(epsilon)),
];

export const rmsNormGradKernel: Kernel = (gpu, inputs, { epsilon }) =>
  runNormGrad(gpu, inputs.x!, inputs.weight!, inputs.dy!, Number(epsilon), false);
