// The ports in memory, of equal standing with the real ones: each passes the contract of its port. Clock and line in memory
// are in their own packages.

export { costedDevice, type DeviceTimes } from "./costed-device.ts";
export { type MemoryDevice, type MemoryDeviceOptions, memoryDevice } from "./device.ts";
export { memoryDisk } from "./disk.ts";
