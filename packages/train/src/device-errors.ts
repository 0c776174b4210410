// WebGPU reports a refused dispatch to the device, not to the caller: the command buffer is dropped and tensors read
// as zero. Here is where such a report is kept until a step asks. A lost device stays lost.

import { EngineError } from "./errors.ts";

let refused: EngineError | null = null;
let lost: EngineError | null = null;

/** Listens to a device for as long as it lives; what was said of an earlier one is forgotten. */
export function watchDevice(device: GPUDevice): void {
  refused = null;
  lost = null;
  device.addEventListener("uncapturederror", (event) => {
    refused ??= new EngineError(
      `WebGPU refused a command: ${(event as GPUUncapturedErrorEvent).error.message}`,
    );
  });
  void device.lost.then(({ reason, message }) => {
    lost = new EngineError(`the WebGPU device was lost: ${message || reason}`);
  });
}

/** What went wrong since the last question; null if nothing did. */
export function deviceFailure(): EngineError | null {
  const found = lost ?? refused;
  refused = null;
  return found;
}
