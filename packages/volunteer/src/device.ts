// The device of browsers and of Node: the engine of packages/train, started once.

import {
  type BackendName,
  createPredictor,
  createTrainer,
  EngineError,
  type Helper,
  type MemoryLimits,
  type StartOptions,
  startBackend,
  type TuningMemory,
  tooLargeToPredict,
} from "@homebody/train";
import type { Device, DeviceStart } from "./ports.ts";

export function engineDevice(prefer: "auto" | BackendName, options: StartOptions = {}): Device {
  let started: Promise<DeviceStart> | undefined;
  let helpers: readonly Helper[] = [];
  let lent: MemoryLimits = { bytes: Number.POSITIVE_INFINITY, bufferBytes: Number.POSITIVE_INFINITY };

  async function start(): Promise<DeviceStart> {
    const { helpers: own, ...backend } = await startBackend(prefer, options);
    helpers = own;
    lent = backend.limits;
    return { ...backend, threads: own.length + 1 };
  }

  return {
    start: () => {
      started ??= start();
      started.catch(() => {
        started = undefined; // asked again, it is tried again
      });
      return started;
    },
    lost: () => {
      started = undefined;
    },
    // Each helper takes as much memory again.
    trainer: (options, bytes) => {
      const affordable = bytes === undefined ? 0 : Math.max(0, Math.floor(lent.bytes / bytes) - 1);
      return createTrainer({ ...options, helpers: helpers.slice(0, affordable) });
    },
    predictor: (config) => {
      const tooLarge = tooLargeToPredict(config, lent);
      if (tooLarge !== null) throw new EngineError(tooLarge);
      return createPredictor(config);
    },
  };
}

/** What was measured of the adapter that was used last, in one small file. */
export function tuningFile(file: {
  readonly read: () => Promise<string | undefined>;
  readonly write: (text: string) => Promise<void>;
}): TuningMemory {
  return {
    read: async (key) => {
      const text = await file.read();
      return text?.startsWith(`${key}\n`) ? text.slice(key.length + 1) : null;
    },
    write: (key, text) => file.write(`${key}\n${text}`),
  };
}
