// WebGPU reports a refused dispatch to the device, not to the caller: the command buffer is dropped and tensors read
// as zero. Here is where such a report is kept until a step asks. A lost device stays lost.

import { InputError } from "@homebody/base";
import { DeviceLostError, EngineError, NotFiniteError } from "./errors.ts";

let refused: EngineError | null = null;
let lost: EngineError | null = null;
let watched: GPUDevice | null = null;

/** Listens to a device for as long as it lives; what was said of an earlier one is forgotten. */
export function watchDevice(device: GPUDevice): void {
  refused = null;
  lost = null;
  watched = device;
  device.addEventListener("uncapturederror", (event) => {
    if (watched !== device) return;
    refused ??= new EngineError(
      `WebGPU refused a command: ${(event as GPUUncapturedErrorEvent).error.message}`,
    );
  });
  void device.lost.then(({ reason, message }) => {
    if (watched !== device) return;
    lost = new DeviceLostError(`the WebGPU device was lost: ${message || reason}`);
  });
}

/** What went wrong since the last question; null if nothing did. */
export function deviceFailure(): EngineError | null {
  const found = lost ?? refused;
  refused = null;
  return found;
}

/** Throws what went wrong since the last question. */
export function failIfRefused(): void {
  const failure = deviceFailure();
  if (failure !== null) throw failure;
}

/** The same work, whose errors of the device come as what they are. */
export function explained<A extends unknown[], T>(
  work: (...args: A) => Promise<T>,
): (...args: A) => Promise<T> {
  return async (...args) => {
    try {
      return await work(...args);
    } catch (error) {
      throw error instanceof NotFiniteError || error instanceof InputError ? error : await causeOf(error);
    }
  };
}

/** What an error of a readback stands for: where the device is gone, that. The report may come a moment later. */
async function causeOf(error: unknown): Promise<unknown> {
  await new Promise((resolve) => setTimeout(resolve, 0));
  return deviceFailure() ?? error;
}
