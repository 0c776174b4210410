// A run that is hosted in memory, for tests and simulations.

export {
  type HostDisk,
  hostDisk,
  type MemoryHost,
  type MemoryHostOptions,
  memoryHost,
} from "./host.ts";
