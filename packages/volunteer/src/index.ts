// The volunteer: a pure session machine over ports, and what its screens show.

export * from "./view.ts";
