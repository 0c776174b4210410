// The transformer: its configuration, its parameters, and the forward pass over the ops of packages/kernels.

export * from "./config.ts";
export * from "./parameters.ts";
export * from "./transformer.ts";
