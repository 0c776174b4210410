// The pure machine of a run: decide(state, command, now) -> facts | refusal; evolve(state, entry) -> state.

export type { Command } from "./commands.ts";
export { type Decision, decide, mayAccept } from "./decide.ts";
export { type Aggregation, aggregationOf, announcementFor, nextTimer } from "./effects.ts";
export { evolve, replay } from "./evolve.ts";
export * from "./facts.ts";
export * from "./figures.ts";
export * from "./state.ts";
export { readyOf } from "./tick.ts";
