// AdamW in WGSL: one dispatch over numbers of all tensors, in fours.

import type { WebgpuKernel } from "../webgpu/kernel.ts";
import {
  flat,
  flatGroups,
  type Program,
  reads,
  vector,
  type Width,
  widthOf,
  writes,
} from "../webgpu/wgsl.ts";

const program = (width: Width, decays: boolean): Program => ({
  key: `adamw ${width} ${decays}`,
  bindings: [
    reads("gradient", width),
    reads("control"),
    reads("settings"),
    ...["parameter", "first", "second"].map((name) => writes(name, width)),
  ],
  // 1 - beta comes from outside: there it is subtracted in double precision.
  uniforms: { size: "u32", beta1: "f32", rest1: "f32", beta2: "f32", rest2: "f32", epsilon: "f32" },
  code: () =>
    flat(`
  let scale = get_control(2u);
  if (scale == 0.0) { return; }
  let g = get_gradient(index) * scale;
  let m = u.beta1 * get_first(index) + u.rest1 * g;
  let v = u.beta2 * get_second(index) + u.rest2 * g * g;
  put_first(index, m);
  put_second(index, v);
  let change = get_settings(1u) * m / (sqrt(v * get_settings(2u)) + ${vector(width)}(u.epsilon));
  put_parameter(index, ${decays ? "get_settings(3u) * " : ""}get_parameter(index) - change);`),
});

export const AdamW: WebgpuKernel<"AdamW"> = (gpu, { operands, sizes: { P }, attributes }) => {
  const { gradient, control, settings, parameter, first, second } = operands;
  const { beta1, beta2, epsilon, decays } = attributes;
  const width = widthOf(P);
  const uniforms = [P / width, beta1, 1 - beta1, beta2, 1 - beta2, epsilon];
  const all = [gradient, control, settings, parameter, first, second];
  gpu.dispatch(program(width, decays), all, uniforms, flatGroups(P / width));
};
