// The pure machine of a run: decide(state, command, now) -> facts | refusal; evolve(state, entry) -> state.

export * from "./facts.ts";
export * from "./state.ts";
