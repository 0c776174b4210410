// All sources of a run go on from one prompt, as one model. What a page asks for, and what it is told.

import { exchangeFor, leavesOutRows } from "@homebody/dept";
import type { BodyRef, ManifestSource, RunManifest } from "@homebody/protocol";

export type MixtureBody = Pick<BodyRef, "number" | "sections">;

export interface MixtureRequest {
  readonly manifest: RunManifest;
  /** A body of this run, which the coordinator still has. */
  readonly body: MixtureBody;
  /** Of those that speakingSources gives, by id. */
  readonly sources: readonly string[];
  readonly prompt: string;
  readonly seed: string;
}

export type MixtureMessage =
  /** Bytes of what is downloaded. */
  | { readonly kind: "download"; readonly done: number; readonly of: number }
  /** What came next of the text, and how much each source counted, in the order of the request; they sum to 1. */
  | { readonly kind: "text"; readonly text: string; readonly weights: readonly number[] }
  | { readonly kind: "done" }
  | { readonly kind: "failed"; readonly message: string };

/** Sources whose whole model is public: their words are in the body, and their vocabulary is served. */
export function speakingSources(manifest: RunManifest, { sections }: MixtureBody): readonly ManifestSource[] {
  if (leavesOutRows(manifest)) return [];
  const names = new Set(sections.map(({ name }) => name));
  return manifest.sources.filter((source) => {
    const { home, sections: own } = exchangeFor(manifest, source, null);
    return home.length === 0 && source.tokenizer !== null && own.every(({ name }) => names.has(name));
  });
}
