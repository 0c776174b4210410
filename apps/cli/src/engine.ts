// The engine of a command that may need it early, late or not at all: it is started once.

import type { BackendName } from "@homebody/train";
import { engineDevice } from "@homebody/volunteer";
import { offerWebGpu } from "./webgpu.ts";

export type Engine = ReturnType<typeof engineOf>;

export interface EngineOptions {
  readonly backend: "auto" | BackendName;
  /** Cores on wasm; all of them if it is not given. */
  readonly threads?: number | undefined;
}

/** Asked again it gives the same. */
export function engineOf({ backend, threads }: EngineOptions, show: (doing: string) => void) {
  const start = async () => {
    show("starting the engine");
    await offerWebGpu(backend);
    const device = engineDevice(backend, threads === undefined ? {} : { threads });
    return { device, ...(await device.start()) };
  };
  let started: ReturnType<typeof start> | undefined;
  return () => {
    started ??= start();
    return started;
  };
}
