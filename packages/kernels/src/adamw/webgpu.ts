// AdamW in WGSL, in place: one dispatch a tensor, nothing is allocated.

import * as tf from "@tensorflow/tfjs";
import type { Kernel, Program } from "../webgpu/gpu.ts";
import { flat, flatGroups, lanesOf, reads, vector, writes } from "../webgpu/wgsl.ts";

const program = (width: 1 | 4): Program => ({
  key: `adamw ${width}`,
  bindings: [
    ...["parameter", "first", "second"].map((name) => writes(name, vector(width))),
    reads("gradient", vector(width)),
  ],
  uniforms: {
    size: "u32",
    beta1: "f32",
    rest1: "f32", // 1 - beta1, subtracted in double precision
    beta2: "f32",
    rest2: "f32",
    epsilon: "f32",
    scale: "f32",
    rate: "f32", // the learning rate over 1 - beta1^t
    correction2: "f32", // 1 over 1 - beta2^t
    kept: "f32", // 1 - learning rate * decay
  },
  code: () =>
    flat(`
  let g = gradient[index] * u.scale;
  let m = u.beta1 * first[index] + u.rest1 * g;
  let v = u.beta2 * second[index] + u.rest2 * g * g;
  first[index] = m;
  second[index] = v;
  parameter[index] = u.kept * parameter[index] - u.rate * m / (sqrt(v * u.correction2) + u.epsilon);`),
});

export const adamwKernel: Kernel = (gpu, inputs, settings) => {
  const states = [inputs.parameter!, inputs.first!, inputs.second!];
  for (const state of states)
    if (gpu.sharers(state) !== 1)
      throw new Error(`adamw: expected values of its own, got some that ${gpu.sharers(state)} tensors share`);
  const number = (name: string) => Number(settings[name]);
  const [beta1, beta2, step] = [number("beta1"), number("beta2"), number("step")];
  const size = tf.util.sizeFromShape(states[0]!.shape);
  const width = lanesOf(size);
  const values = [
    size / width,
    beta1,
    1 - beta1,
    beta2,
    1 - beta2,
    number("epsilon"),
    number("scale"),
    number("learningRate") / (1 - beta1 ** step),
    1 / (1 - beta2 ** step),
    1 - number("learningRate") * number("decay"),
  ];
  gpu.run(program(width), [...states, inputs.gradient!], values, flatGroups(size / width), true);
  return [];
};
