// Our WebAssembly module, working in the memory of tfjs's wasm backend: it is handed addresses of tfjs's own tensors.
//
// The module has no memory, data or state of its own. Scratch comes from tfjs's allocator, so both agree on what is
// free; when that grows the memory, addresses stay what they are.

import * as tf from "@tensorflow/tfjs";
import { BackendWasm } from "@tensorflow/tfjs-backend-wasm";
import { plain, relaxed, type SimdKernels } from "./bytes.ts";

export interface SimdModule {
  readonly kernels: SimdKernels;
  readonly memory: WebAssembly.Memory;
  /** At least so many bytes that no tensor uses; the last ones handed out for this purpose are gone. */
  scratch(purpose: "gemm" | "attention", bytes: number): number;
}

interface EmscriptenModule {
  readonly asm?: { readonly memory?: WebAssembly.Memory };
  readonly _malloc: (bytes: number) => number;
  readonly _free: (address: number) => void;
}

const modules = new WeakMap<BackendWasm, SimdModule>();

/** Once for a backend, before anything is prepared on it. False where this machine cannot do it. */
export async function loadSimd(): Promise<boolean> {
  const backend = tf.backend();
  if (!(backend instanceof BackendWasm) || !(await tf.env().getAsync("WASM_HAS_SIMD_SUPPORT"))) return false;
  if (modules.has(backend)) return true;
  const emscripten = backend.wasm as unknown as EmscriptenModule;
  const memory = emscripten.asm?.memory;
  if (!(memory instanceof WebAssembly.Memory)) return false;
  const bytes = [relaxed, plain].map(bytesOf).find((bytes) => WebAssembly.validate(bytes));
  if (bytes === undefined) return false;
  const { instance } = await WebAssembly.instantiate(bytes, { env: { memory } });
  const kept = new Map<string, { address: number; bytes: number }>();
  modules.set(backend, {
    kernels: instance.exports as unknown as SimdKernels,
    memory,
    scratch: (purpose, bytes) => {
      const held = kept.get(purpose);
      if (held !== undefined && held.bytes >= bytes) return held.address;
      if (held !== undefined) emscripten._free(held.address);
      const address = emscripten._malloc(bytes);
      if (address === 0) throw new Error(`wasm: expected ${bytes} bytes of scratch memory, got none`);
      kept.set(purpose, { address, bytes });
      return address;
    },
  });
  return true;
}

const bytesOf = (base64: string) => Uint8Array.from(atob(base64), (character) => character.charCodeAt(0));

export function simdOf(backend: BackendWasm): SimdModule {
  const found = modules.get(backend);
  if (found === undefined) throw new Error("wasm: expected loadSimd to have been called, got no kernels");
  return found;
}
