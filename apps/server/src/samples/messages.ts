// What the server and the thread that samples say to each other: one body in the life of a thread.

import type { SourceId } from "@homebody/base";
import type { BodyRef, RunManifest, RunSample } from "@homebody/protocol";

export interface ToThread {
  /** Where the blobs are. */
  readonly folder: string;
  readonly manifest: RunManifest;
  readonly body: BodyRef;
  /** Whose words are sections of the body. */
  readonly sources: readonly SourceId[];
}

export type FromThread =
  | { readonly kind: "made"; readonly samples: readonly RunSample[] }
  | { readonly kind: "failed"; readonly message: string; readonly stack: string | undefined };
