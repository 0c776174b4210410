// From the commands to their calls on wasm (simd.ts).

import { type PrepareCall, shapeOf } from "../wasm/prepare.ts";

export const momentumCall: PrepareCall = (prepare) => {
  const { simd, at, attributes } = prepare;
  const { momentum, row, column } = attributes as Record<string, number>;
  const [rows, columns] = shapeOf(prepare, "y");
  const [, stride] = shapeOf(prepare, "gradient");
  const start = 4 * (row! * stride + column!);
  const [gradient, moment] = [at.gradient! + start, at.moment! + start];
  return () => simd.kernels.momentum(gradient, moment, stride, at.control!, at.y!, rows, columns, momentum!);
};

export const muonCall: PrepareCall = (prepare) => {
  const { simd, at, attributes } = prepare;
  const { row, column, scale, decays } = attributes as Record<string, number>;
  const [rows, columns] = shapeOf(prepare, "update");
  const [, stride] = shapeOf(prepare, "parameter");
  const states = [at.update!, at.control!, at.settings!, at.parameter! + 4 * (row! * stride + column!)];
  return () => simd.kernels.muon(...states, stride, rows, columns, scale!, decays!);
};
