// From the command to its call on wasm (simd.ts).

import { or0, type PrepareCall, shapeOf } from "../wasm/prepare.ts";

export const embeddingCall: PrepareCall = (prepare) => {
  const { simd, at, operands } = prepare;
  const [rows, columns] = shapeOf(prepare, "y");
  const context = operands.positions?.shape[0] ?? 1;
  const positions = or0(prepare, "positions");
  return () => simd.kernels.embedding(at.ids!, at.table!, positions, at.y!, rows, columns, context);
};

export const embeddingGradCall: PrepareCall = (prepare) => {
  const { simd, at, attributes } = prepare;
  const [entries, columns] = shapeOf(prepare, "dtable");
  const { accumulate } = attributes;
  return () =>
    simd.kernels.embeddingGrad(at.heads!, at.links!, at.dy!, at.dtable!, entries, columns, accumulate!);
};
