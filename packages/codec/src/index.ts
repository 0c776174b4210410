// Deltas as bytes: sections one after another, each in a codec of its own.

export type { Codec, CodecName, DecodedSection } from "./codec.ts";
export {
  codecNames,
  codecOf,
  codecs,
  type DeltaCodec,
  decodeDelta,
  deltaBytes,
  type EncodedDelta,
  encodeDelta,
  type SectionForm,
} from "./delta.ts";
export { DeltaError, type DeltaFault } from "./delta-error.ts";
export { plainCodecs } from "./plain-codecs.ts";
export { addResidual, type Feedback, type Residual, withResidual } from "./residual.ts";
export { sparse2 } from "./sparse.ts";
export { chunkSize } from "./top.ts";
