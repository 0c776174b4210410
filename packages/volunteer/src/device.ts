// The device of browsers and of Node: the engine of packages/train, started once.

import {
  type BackendName,
  createTrainer,
  type StartedBackend,
  type StartOptions,
  startBackend,
} from "@homebody/train";
import type { Device } from "./ports.ts";

export function engineDevice(prefer: "auto" | BackendName, options: StartOptions = {}): Device {
  let started: Promise<StartedBackend> | undefined;
  return {
    start: () => {
      started ??= startBackend(prefer, options);
      started.catch(() => {
        started = undefined; // asked again, it is tried again
      });
      return started;
    },
    lost: () => {
      started = undefined;
    },
    trainer: createTrainer,
  };
}
