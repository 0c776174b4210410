// What the server and the threads that measure deltas say to each other: as many as come, each by its number.

import type { SectionForm } from "@homebody/codec";
import type { Measured } from "@homebody/service";

export interface ToThread {
  readonly number: number;
  /** Its bytes, or the file that has them. */
  readonly delta: Uint8Array | DeltaFile;
  readonly forms: readonly SectionForm[];
}

export interface DeltaFile {
  readonly path: string;
  readonly sizeBytes: number;
}

export type FromThread =
  | { readonly kind: "measured"; readonly number: number; readonly measured: Measured }
  /** `code`: of an error of the system. */
  | { readonly kind: "failed"; readonly number: number; readonly message: string; readonly code?: string };
