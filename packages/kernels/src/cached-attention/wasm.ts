// From the command to its call on wasm (simd.ts).

import type { WasmKernel } from "../wasm/kernel.ts";

export const CachedAttention: WasmKernel<"CachedAttention"> = ({
  simd,
  at: { qkv, places, cache, y },
  sizes: { N, T, U },
  attributes: { heads, kvHeads },
}) => {
  const bytes = simd.kernels.cachedAttentionScratchBytes(T);
  const scratch = () => simd.scratch("attention", bytes);
  return () => simd.kernels.cachedAttention(qkv, places, cache, y, N, heads, kvHeads, U / heads, scratch());
};
