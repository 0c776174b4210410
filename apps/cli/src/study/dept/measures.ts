// What rows of this study are called.

export const bits = "bits per byte";
export const perplexity = "perplexity";
/** Phases: the second one, from random embeddings and from trained ones. */
export const fresh = "random embeddings";
export const kept = "trained embeddings";
