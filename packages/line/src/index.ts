// The line between volunteers and the coordinator: its ports. One in memory has a door of its own.

export * from "./ports.ts";
