// The transformer: its configuration, its parameters and their arrangement, and its plan of kernels.

export * from "./arrangement.ts";
export * from "./config.ts";
export { configFromHuggingFace, dialOf, dropoutIn } from "./hugging-face.ts";
export * from "./parameters.ts";
export * from "./transformer.ts";
