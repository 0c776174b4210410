// tfjs's wasm backend with our kernels in its memory, on this thread.

import { loadSimd } from "@homebody/kernels";
import * as tf from "@tensorflow/tfjs";
import { setWasmPaths } from "@tensorflow/tfjs-backend-wasm";
import { EngineError } from "./errors.ts";

/** Where the WebAssembly files are, by their names; in Node the package knows. */
export type WasmPaths = Readonly<Record<string, string>>;

/** What computes, in words; throws an EngineError where it does not start. */
export async function startWasm(paths: WasmPaths | undefined): Promise<string> {
  tf.env().set("WASM_HAS_MULTITHREAD_SUPPORT", false); // its worker dies in minified builds, and the start hangs
  if (paths !== undefined) setWasmPaths({ ...paths });
  if (!(await tf.setBackend("wasm"))) throw new EngineError("WebAssembly does not start here.");
  await tf.ready();
  if (!(await loadSimd())) throw new EngineError("WebAssembly has no SIMD here.");
  return "processor (WebAssembly, SIMD)";
}
