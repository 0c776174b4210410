// The ports in memory, of equal standing with the real ones: each passes the contract of its port.

export { type MemoryClock, memoryClock } from "./clock.ts";
export { type MemoryDevice, type MemoryDeviceOptions, memoryDevice } from "./device.ts";
export { memoryDisk } from "./disk.ts";
export { type Heard, type MemoryCoordinator, type MemoryNet, memoryNet } from "./net.ts";
