// Starting an engine: the best backend that this device has, and that computes what it should.
//
// WebGPU first, then WebAssembly; each start has a timeout (a backend that cannot start may hang instead of saying
// so) and ends with the self-test. Why a better one is not used is said in plain words, for the page.

import { chooseDesign, designOf, isTuning, type Tuning, tune, tuningVersion } from "@homebody/kernels";
import * as tf from "@tensorflow/tfjs";
import { WebGPUBackend } from "@tensorflow/tfjs-backend-webgpu";
import { watchDevice } from "./device-errors.ts";
import { EngineError } from "./errors.ts";
import type { Helper } from "./helper.ts";
import type { MemoryLimits } from "./memory.ts";
import { selfTest, tolerance } from "./self-test.ts";
import { countCores, spawnHelper } from "./spawn.ts";
import { startWasm, type WasmPaths } from "./wasm.ts";

export type BackendName = "webgpu" | "wasm";

export interface StartOptions {
  readonly timeoutMs?: number;
  readonly wasmPaths?: WasmPaths;
  /** Without it kernels are laid out by the adapter's nature, and not measured: for those who start for a moment. */
  readonly tuned?: boolean;
  /** Where what was measured of an adapter is kept; without it it is measured at each start. */
  readonly memory?: TuningMemory;
  /** Cores that may be used on wasm, which computes on one a thread; all of them if it is not given. */
  readonly threads?: number;
}

export interface TuningMemory {
  read(key: string): Promise<string | null>;
  write(key: string, text: string): Promise<void>;
}

export interface StartedBackend {
  readonly backend: BackendName;
  readonly adapter: string;
  /** Of the self-test, relative. */
  readonly worstError: number;
  /** What this device lends, as far as it says. */
  readonly limits: MemoryLimits;
  /** How kernels are laid out for the adapter; null where there is only one way, or it was not measured. */
  readonly tuning: Tuning | null;
  /** Why a better backend is not used; null if this is the best. */
  readonly fallback: string | null;
  /** Threads beside this one, for createTrainer: of as many more cores. */
  readonly helpers: readonly Helper[];
}

const defaultTimeoutMs = 60_000;

/** Throws an EngineError where the backend that was asked for, or none at all, can be used. */
export async function startBackend(
  prefer: "auto" | BackendName,
  options: StartOptions = {},
): Promise<StartedBackend> {
  const { timeoutMs = defaultTimeoutMs } = options;
  const candidates: readonly BackendName[] = prefer === "auto" ? ["webgpu", "wasm"] : [prefer];
  const reasons: string[] = [];
  for (const backend of candidates) {
    try {
      const { adapter, worstError, tuning, limits } = await within(
        timeoutMs,
        start(backend, options),
        backend,
      );
      const helpers = backend === "wasm" ? await startHelpers(options) : [];
      const fallback = reasons.length > 0 ? reasons.join(" ") : null;
      return { backend, adapter, worstError, tuning, limits, fallback, helpers };
    } catch (cause) {
      if (!(cause instanceof EngineError)) throw cause;
      reasons.push(cause.message);
    }
  }
  throw new EngineError(`no engine can be used. ${reasons.join(" ")}`);
}

/** As many as there are further cores; kept for as long as this thread lives, since a start may come again. */
async function startHelpers({ threads, wasmPaths }: StartOptions): Promise<readonly Helper[]> {
  const wanted = Math.min(mostThreads, threads ?? (await countCores())) - 1;
  while (started.length < wanted) started.push(spawnHelper(wasmPaths));
  // One that does not start is a core less, no more.
  const all = await Promise.allSettled(started.slice(0, Math.max(0, wanted)));
  return all.flatMap((one) => (one.status === "fulfilled" ? [one.value] : []));
}

const started: Promise<Helper>[] = [];
const mostThreads = 8;

async function start(backend: BackendName, { wasmPaths, memory, tuned = true }: StartOptions) {
  const { adapter, tuning, limits } =
    backend === "webgpu"
      ? await startWebGpu(tuned, memory)
      : { adapter: await startWasm(wasmPaths), tuning: null, limits: wasmLimits };
  const worstError = await selfTest();
  if (!(worstError <= tolerance))
    throw new EngineError(
      `The self-test on ${backend} (${adapter}) is wrong by ${worstError.toExponential(1)}: its results are not to be trusted.`,
    );
  return { adapter, worstError, tuning, limits: lent(limits) };
}

/** A device of our own: tfjs's has the default limits, and is only made where navigator.gpu was there at import. */
async function startWebGpu(
  tuned: boolean,
  memory?: TuningMemory,
): Promise<{ adapter: string; tuning: Tuning | null; limits: MemoryLimits }> {
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
  const named = [vendor, architecture, model].filter((word) => word !== "").join(" ");
  const key = `${tuningVersion} ${named} ${description}`;
  const tuning = tuned ? ((await remembered(key, memory)) ?? (await tune(device))) : null;
  if (tuning !== null) {
    chooseDesign(device, designOf(tuning));
    await memory?.write(key, JSON.stringify(tuning));
  }
  const { maxBufferSize, maxStorageBufferBindingSize } = device.limits;
  const bufferBytes = Math.min(maxBufferSize, maxStorageBufferBindingSize);
  return {
    adapter: description || named || "a WebGPU adapter",
    tuning,
    limits: { bytes: Number.POSITIVE_INFINITY, bufferBytes },
  };
}

/** WebAssembly's whole memory, which tfjs lets grow to 4 GiB less a page. */
const wasmLimits: MemoryLimits = { bytes: 2 ** 32 - 2 ** 16, bufferBytes: 2 ** 32 - 2 ** 16 };

/** Half of what a small device has: browsers say up to 8 GiB, and nothing of a graphics card's own memory. */
function lent({ bytes, bufferBytes }: MemoryLimits): MemoryLimits {
  const { deviceMemory } = (globalThis.navigator ?? {}) as { deviceMemory?: number };
  const half =
    deviceMemory === undefined || deviceMemory >= 8 ? Number.POSITIVE_INFINITY : deviceMemory * 2 ** 29;
  return { bytes: Math.min(bytes, half), bufferBytes };
}

async function remembered(key: string, memory: TuningMemory | undefined): Promise<Tuning | null> {
  const text = (await memory?.read(key)) ?? "null";
  try {
    const kept: unknown = JSON.parse(text);
    return isTuning(kept) ? kept : null;
  } catch {
    return null; // written by another version, or half
  }
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
