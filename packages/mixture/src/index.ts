// Many vocabularies, one mouth: models of tokens as models of bytes, exactly, and mixtures of them.

export { type ByteModel, type ByteState, byteModelOf, endOfText } from "./byte-model.ts";
export { type MixtureState, mixtureOf } from "./mixture.ts";
export { logProbabilities, mixtureNats } from "./text.ts";
export { lastTokens, type Prefix, type TokenModel } from "./token-model.ts";
export type { MixtureRule } from "./weights.ts";
export { type WritingOptions, type Written, write } from "./write.ts";
