// The clock: its port, and that of the machine. One in virtual time has a door of its own.

export { type Breath, breath } from "./breath.ts";
export type { Cancel, Clock } from "./ports.ts";
export { type Pulse, pulse } from "./pulse.ts";
export { systemClock } from "./system.ts";
