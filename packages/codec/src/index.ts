// Deltas as bytes: fp32, and fp16 with a power-of-two scale a tensor.

export { type CodecName, decodeDelta, encodeDelta, encodedBytes } from "./delta.ts";
export { DeltaError, type DeltaFault } from "./delta-error.ts";
export { halfFrom, halfValue } from "./half.ts";
