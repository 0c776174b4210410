/** Where what a run names is downloaded, by what it is: `GET /<folder>/<sha256>` [P14] [P60] [P72]. */
export const downloadFolders = {
  body: "bodies",
  step: "steps",
  review: "deltas",
  text: "texts",
  tokenizer: "tokenizers",
} as const;

export type Download = keyof typeof downloadFolders;

/** In no order that matters. */
export const downloads = Object.keys(downloadFolders) as readonly Download[];
