// The wire: messages, refusals, the run file. Rules are numbered in ../RULES.md.

export * from "./check.ts";
export * from "./identity.ts";
export * from "./messages.ts";
export * from "./refusals.ts";
export * from "./run-file.ts";
