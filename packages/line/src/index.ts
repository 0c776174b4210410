// The line between volunteers and the coordinator: its ports, and when it has gone silent. One in memory has a door of its own.

export * from "./ports.ts";
export { listenForSilence, listenToEngine } from "./silence.ts";
