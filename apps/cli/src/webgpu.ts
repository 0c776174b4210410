// WebGPU in Node, by Dawn (the npm package `webgpu`): to be installed before tfjs is asked for it.

import { existsSync } from "node:fs";

const softwareDriver = "/usr/lib/chromium/vk_swiftshader_icd.json";

/** Whether this machine has a graphics card, as far as can be seen: on Linux by its devices. */
export function hasGraphicsCard(): boolean {
  return process.platform !== "linux" || existsSync("/dev/dri") || existsSync("/dev/nvidia0");
}

/** Gives this process navigator.gpu; without a graphics card, on the software adapter that comes with Chromium. */
export async function installWebGpu(): Promise<void> {
  if (globalThis.navigator?.gpu !== undefined) return;
  const { create, globals } = await import("webgpu");
  if (!hasGraphicsCard() && existsSync(softwareDriver)) {
    process.env.VK_ICD_FILENAMES ??= softwareDriver;
    process.env.XDG_RUNTIME_DIR ??= "/tmp";
  }
  Object.assign(globalThis, globals);
  const gpu = create([]) as GPU;
  const navigator = { gpu, userAgent: "Node.js" };
  Object.defineProperty(globalThis, "navigator", { value: navigator, configurable: true });
}

/** Before a backend is started: a graphics card that the processor plays is many times slower than the processor itself, so only if it is asked for. */
export async function offerWebGpu(backend: "auto" | "webgpu" | "wasm"): Promise<void> {
  if (backend === "webgpu" || (backend === "auto" && hasGraphicsCard()))
    await installWebGpu().catch(() => undefined);
}
