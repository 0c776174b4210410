import type { Kernel } from "../webgpu/gpu.ts";
import { runNorm, runNormGrad } from "../webgpu/norm.ts";

export const layerNormKernel: Kernel = (gpu, inputs, { epsilon }) => [
  runNorm(gpu, inputs.x!, inputs.weight!, inputs.bias!, Number(epsilon)),
];

export const layerNormGradKernel: Kernel = (gpu, inputs, { epsilon }) =>
  runNormGrad(gpu, inputs.x!, inputs.weight!, inputs.dy!, Number(epsilon), true);
