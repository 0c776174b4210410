// The backend of tfjs that is running.

import * as tf from "@tensorflow/tfjs";
import type { Runtime } from "./plan/runtime.ts";
import { WasmRuntime } from "./wasm/runtime.ts";
import { WebgpuRuntime } from "./webgpu/runtime.ts";

/** Whether a run goes on while JavaScript does something else. */
export const runsByItself = () => tf.getBackend() === "webgpu";

export function startRuntime(): Runtime {
  const backend = tf.getBackend();
  if (backend === "webgpu") return new WebgpuRuntime();
  if (backend === "wasm") return new WasmRuntime();
  throw new Error(`expected tfjs to run on webgpu or wasm, got ${backend}`);
}
