// From the commands to their calls on wasm (simd.ts).

import type { CallInputs, WasmKernel } from "../wasm/kernel.ts";
import { headSizeOf } from "./spec.ts";

export const CausalAttention: WasmKernel<"CausalAttention"> = (inputs) => {
  const { simd, at } = inputs;
  const { sizes, scratches } = layoutOf(inputs);
  return () => simd.kernels.attention(at.qkv, at.y, at.lse, ...sizes, ...scratches());
};

export const CausalAttentionGrad: WasmKernel<"CausalAttentionGrad"> = (inputs) => {
  const { simd, at } = inputs;
  const { sizes, scratches } = layoutOf(inputs);
  return () => simd.kernels.attentionGrad(at.qkv, at.y, at.lse, at.dy, at.dqkv, ...sizes, ...scratches());
};

function layoutOf({
  simd,
  sizes,
  attributes,
}: Pick<CallInputs<"CausalAttention">, "simd" | "sizes" | "attributes">) {
  const { batch, heads, kvHeads } = attributes;
  const bytes = [simd.kernels.attentionScratchBytes(sizes.T), simd.kernels.gemmScratchBytes()] as const;
  return {
    sizes: [batch, sizes.T, heads, kvHeads, headSizeOf(sizes, attributes)] as const,
    scratches: () => [simd.scratch("attention", bytes[0]), simd.scratch("gemm", bytes[1])] as const,
  };
}
