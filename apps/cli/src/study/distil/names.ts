// Names that the study `distil` and its jobs agree on.

/** Texts that are no source's, beside those in turn. */
export const writtenText = "written by the mixture";

/** The arm that is the best model of one source on each text, if somebody says which one that is. */
export const bestSingle = "single";

export const perByte = "bits per byte";
export const perSecond = "bytes a second of a processor";
export const processorTime = "processor seconds";
export const bytesWritten = "bytes written";
export const tokensRead = "tokens read";
