// Starting an engine: the best backend that this device has, and that computes what it should.
//
// WebGPU first, then WebAssembly; each start has a timeout (a backend that cannot start may hang instead of saying
// so) and ends with the self-test. Why a better one is not used is said in plain words, for the page.

import { loadSimd } from "@homebody/kernels";
import * as tf from "@tensorflow/tfjs";
import { setWasmPaths } from "@tensorflow/tfjs-backend-wasm";
import { WebGPUBackend } from "@tensorflow/tfjs-backend-webgpu";
import { watchDevice } from "./device-errors.ts";
import { EngineError } from "./errors.ts";
import { selfTest, tolerance } from "./self-test.ts";

export type BackendName = "webgpu" | "wasm";

export interface StartOptions {
  readonly timeoutMs?: number;
  /** Where the WebAssembly files are, by their names; in Node the package knows. */
  readonly wasmPaths?: Readonly<Record<string, string>>;
}

export interface StartedBackend {
  readonly backend: BackendName;
  readonly adapter: string;
  /** Of the self-test, relative. */
  readonly worstError: number;
  /** Why a better backend is not used; null if this is the best. */
  readonly fallback: string | null;
}

const defaultTimeoutMs = 60_000;

/** Throws an EngineError where the backend that was asked for, or none at all, can be used. */
export async function startBackend(
  prefer: "auto" | BackendName,
  { timeoutMs = defaultTimeoutMs, wasmPaths }: StartOptions = {},
): Promise<StartedBackend> {
  tf.env().set("WASM_HAS_MULTITHREAD_SUPPORT", false); // its worker dies in minified builds, and the start hangs
  if (wasmPaths !== undefined) setWasmPaths({ ...wasmPaths });
  const candidates: readonly BackendName[] = prefer === "auto" ? ["webgpu", "wasm"] : [prefer];
  const reasons: string[] = [];
  for (const backend of candidates) {
    try {
      const { adapter, worstError } = await within(timeoutMs, start(backend), backend);
      return { backend, adapter, worstError, fallback: reasons.length > 0 ? reasons.join(" ") : null };
    } catch (cause) {
      if (!(cause instanceof EngineError)) throw cause;
      reasons.push(cause.message);
    }
  }
  throw new EngineError(`no engine can be used. ${reasons.join(" ")}`);
}

async function start(backend: BackendName): Promise<{ adapter: string; worstError: number }> {
  const adapter = backend === "webgpu" ? await startWebGpu() : await startWasm();
  const worstError = await selfTest();
  if (!(worstError <= tolerance))
    throw new EngineError(
      `The self-test on ${backend} (${adapter}) is wrong by ${worstError.toExponential(1)}: its results are not to be trusted.`,
    );
  return { adapter, worstError };
}

/** A device of our own: tfjs's has the default limits, and is only made where navigator.gpu was there at import. */
async function startWebGpu(): Promise<string> {
  const gpu: GPU | undefined = globalThis.navigator?.gpu;
  if (gpu === undefined) throw new EngineError("This browser has no WebGPU.");
  const adapter = await gpu.requestAdapter({ powerPreference: "high-performance" });
  if (adapter === null) throw new EngineError("WebGPU finds no graphics card here.");
  const device = await adapter.requestDevice({
    requiredFeatures: features.filter((feature) => adapter.features.has(feature)),
    requiredLimits: Object.fromEntries(limits.map((limit) => [limit, adapter.limits[limit]])),
  });
  watchDevice(device);
  tf.env().set("WEBGPU_CPU_FORWARD", false);
  if (tf.findBackendFactory("webgpu") !== null) tf.removeBackend("webgpu");
  tf.registerBackend("webgpu", () => new WebGPUBackend(device, adapter.info), 3);
  if (!(await tf.setBackend("webgpu"))) throw new EngineError("WebGPU does not start here.");
  await tf.ready();
  const { description, vendor, architecture, device: model } = adapter.info;
  return (
    description || [vendor, architecture, model].filter((word) => word !== "").join(" ") || "a WebGPU adapter"
  );
}

const features: readonly GPUFeatureName[] = ["timestamp-query", "shader-f16", "subgroups"];
const limits = [
  "maxBufferSize",
  "maxStorageBufferBindingSize",
  "maxStorageBuffersPerShaderStage",
  "maxComputeWorkgroupStorageSize",
  "maxComputeWorkgroupsPerDimension",
  "maxComputeWorkgroupSizeX",
  "maxComputeInvocationsPerWorkgroup",
] as const;

async function startWasm(): Promise<string> {
  if (!(await tf.setBackend("wasm"))) throw new EngineError("WebAssembly does not start here.");
  await tf.ready();
  if (!(await loadSimd())) throw new EngineError("WebAssembly has no SIMD here.");
  return "processor (WebAssembly, SIMD)";
}

async function within<T>(timeoutMs: number, work: Promise<T>, backend: BackendName): Promise<T> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const late = new Promise<never>((_, reject) => {
    const seconds = Math.round(timeoutMs / 1000);
    timer = setTimeout(
      () => reject(new EngineError(`The ${backend} engine did not start within ${seconds} s.`)),
      timeoutMs,
    );
  });
  try {
    return await Promise.race([work, late]);
  } finally {
    clearTimeout(timer);
  }
}
