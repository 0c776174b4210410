// From the command to its call on wasm (simd.ts).

import { type PrepareCall, sizeAt } from "../wasm/prepare.ts";

export const adamwCall: PrepareCall = (prepare) => {
  const { simd, at, attributes } = prepare;
  const { beta1, beta2, epsilon, decays } = attributes as Record<string, number>;
  const size = sizeAt(prepare, "parameter");
  const states = [at.parameter!, at.gradient!, at.first!, at.second!, at.control!, at.settings!];
  return () => simd.kernels.adamw(...states, size, beta1!, 1 - beta1!, beta2!, 1 - beta2!, epsilon!, decays!);
};
