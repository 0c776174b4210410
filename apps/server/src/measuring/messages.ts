// What the server and the threads that measure deltas say to each other: as many as come, each by its number.

import type { SectionForm } from "@homebody/codec";
import type { Measured } from "@homebody/service";
import type { StoredBytes } from "@homebody/store/ports";

export interface ToThread {
  readonly number: number;
  /** Its bytes, or the file that has them. */
  readonly delta: Uint8Array | DeltaFile;
  readonly forms: readonly SectionForm[];
}

export type DeltaFile = Required<Omit<StoredBytes, "read">>;

export type FromThread =
  | { readonly kind: "measured"; readonly number: number; readonly measured: Measured }
  /** `code`: of an error of the system. */
  | { readonly kind: "failed"; readonly number: number; readonly message: string; readonly code?: string };
