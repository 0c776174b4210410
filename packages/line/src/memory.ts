// A network in memory: a pair of ends with a queue each way. What travels takes no time, or as much as is said.

export { type MemoryNet, type MemoryNetOptions, memoryNet } from "./memory/net.ts";
export { type Heard, type ScriptedCoordinator, type ScriptedNet, scriptedNet } from "./memory/scripted.ts";
export type { Travel } from "./memory/wire.ts";
