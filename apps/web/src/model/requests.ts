// What the page asks of the worker that makes models as files, and what it answers.

import type { RunId, SourceId } from "@homebody/base";
import type { Figures } from "@homebody/coordinator";
import type { FormatName } from "@homebody/export/format-names";

export type ModelRequest = {
  readonly format: FormatName;
} & (
  | { readonly kind: "own"; readonly run: RunId; readonly source: SourceId }
  /** The latest body, with the words of a source in it; null: with those that all share. */
  | { readonly kind: "run"; readonly figures: Figures; readonly source: SourceId | null }
);

/** A model as one file. */
export interface MadeModel {
  readonly name: string;
  readonly file: Blob;
}

export type ModelMessage = { readonly made: MadeModel } | { readonly failed: string };
