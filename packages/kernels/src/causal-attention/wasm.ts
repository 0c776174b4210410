// From the command to its call on wasm (simd.ts).

import type { CallInputs, PrepareCall } from "../wasm/prepare.ts";
import { attentionSizes } from "./index.ts";

export const causalAttentionCall: PrepareCall = (prepare) => {
  const { simd, at } = prepare;
  const { sizes, scratches } = attention(prepare);
  return () => simd.kernels.attention(at.qkv!, at.y!, at.lse!, ...sizes, ...scratches());
};

export const causalAttentionGradCall: PrepareCall = (prepare) => {
  const { simd, at } = prepare;
  const { sizes, scratches } = attention(prepare);
  return () =>
    simd.kernels.attentionGrad(at.qkv!, at.y!, at.lse!, at.dy!, at.dqkv!, ...sizes, ...scratches());
};

function attention(prepare: CallInputs) {
  const { simd, operands, attributes } = prepare;
  const { batch, heads, kvHeads, context, headSize } = attentionSizes(operands.qkv!, attributes);
  const bytes = [simd.kernels.attentionScratchBytes(context), simd.kernels.gemmScratchBytes()] as const;
  return {
    sizes: [batch, context, heads, kvHeads, headSize],
    scratches: () => [simd.scratch("attention", bytes[0]), simd.scratch("gemm", bytes[1])],
  };
}
