// Our WebAssembly module, working in the memory of tfjs's wasm backend: it is handed addresses of tfjs's own tensors.
//
// The module has no memory, data or state of its own. Scratch comes from tfjs's allocator, so both agree on what is
// free; when that grows the memory, addresses stay what they are.

import type { BackendWasm } from "@tensorflow/tfjs-backend-wasm";
import { base64 } from "./bytes.ts";

/** Addresses are bytes in the shared memory; sizes are elements. Sources: packages/kernels/assembly. */
export interface SimdKernels {
  gemm(
    transposeA: number,
    transposeB: number,
    m: number,
    n: number,
    k: number,
    a: number,
    lda: number,
    b: number,
    ldb: number,
    c: number,
    ldc: number,
    accumulate: number,
    bias: number,
    scratch: number,
  ): void;
  gemmScratchBytes(): number;
  attentionScratchBytes(context: number): number;
  attention(
    q: number,
    k: number,
    v: number,
    y: number,
    lse: number,
    batch: number,
    context: number,
    heads: number,
    kvHeads: number,
    size: number,
    scratch: number,
    gemmScratch: number,
  ): void;
  attentionGrad(
    q: number,
    k: number,
    v: number,
    y: number,
    lse: number,
    dy: number,
    dq: number,
    dk: number,
    dv: number,
    batch: number,
    context: number,
    heads: number,
    kvHeads: number,
    size: number,
    scratch: number,
    gemmScratch: number,
  ): void;
  gelu(x: number, y: number, size: number): void;
  geluGrad(x: number, dy: number, dx: number, size: number): void;
  swiglu(gate: number, up: number, y: number, size: number): void;
  swigluGrad(gate: number, up: number, dy: number, dgate: number, dup: number, size: number): void;
  adamw(
    parameter: number,
    gradient: number,
    first: number,
    second: number,
    size: number,
    beta1: number,
    beta2: number,
    epsilon: number,
    keep: number,
    rate: number,
    correction: number,
    clip: number,
  ): void;
  sumOfSquares(x: number, size: number): number;
  layerNorm(
    x: number,
    weight: number,
    bias: number,
    y: number,
    rows: number,
    width: number,
    epsilon: number,
  ): void;
  layerNormGrad(
    x: number,
    weight: number,
    dy: number,
    dx: number,
    dweight: number,
    dbias: number,
    rows: number,
    width: number,
    epsilon: number,
  ): void;
  rmsNorm(x: number, weight: number, y: number, rows: number, width: number, epsilon: number): void;
  rmsNormGrad(
    x: number,
    weight: number,
    dy: number,
    dx: number,
    dweight: number,
    rows: number,
    width: number,
    epsilon: number,
  ): void;
  crossEntropy(
    logits: number,
    targets: number,
    losses: number,
    dlogits: number,
    rows: number,
    width: number,
    share: number,
  ): void;
  embedding(ids: number, table: number, y: number, rows: number, width: number): void;
  embeddingGrad(ids: number, dy: number, dtable: number, rows: number, width: number, entries: number): void;
  rope(
    x: number,
    cos: number,
    sin: number,
    y: number,
    rows: number,
    context: number,
    heads: number,
    half: number,
    sign: number,
  ): void;
  columnSums(x: number, y: number, rows: number, width: number): void;
}

export interface SimdModule {
  readonly kernels: SimdKernels;
  /** At least so many bytes that no other tensor uses; the last one handed out for this purpose is gone. */
  scratch(purpose: "gemm" | "attention", bytes: number): number;
}

interface EmscriptenModule {
  readonly asm?: { readonly memory?: WebAssembly.Memory };
  readonly _malloc: (bytes: number) => number;
  readonly _free: (address: number) => void;
}

/** Undefined where the backend's memory cannot be reached. */
export async function instantiate(backend: BackendWasm): Promise<SimdModule | undefined> {
  const emscripten = backend.wasm as unknown as EmscriptenModule;
  const memory = emscripten.asm?.memory;
  if (!(memory instanceof WebAssembly.Memory)) return undefined;
  const bytes = Uint8Array.from(atob(base64), (character) => character.charCodeAt(0));
  const { instance } = await WebAssembly.instantiate(bytes, { env: { memory } });
  const kept = new Map<string, { address: number; bytes: number }>();
  return {
    kernels: instance.exports as unknown as SimdKernels,
    scratch: (purpose, bytes) => {
      const held = kept.get(purpose);
      if (held !== undefined && held.bytes >= bytes) return held.address;
      if (held !== undefined) emscripten._free(held.address);
      const address = emscripten._malloc(bytes);
      if (address === 0) throw new Error(`wasm: expected ${bytes} bytes of scratch memory, got none`);
      kept.set(purpose, { address, bytes });
      return address;
    },
  };
}
