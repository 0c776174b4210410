// What the server and the thread that measures deltas say to each other: as many as come, each by its number.

import type { SectionForm } from "@homebody/codec";
import type { Contents } from "@homebody/service";

export interface ToThread {
  readonly number: number;
  readonly delta: Uint8Array;
  readonly forms: readonly SectionForm[];
}

export type FromThread =
  | { readonly kind: "measured"; readonly number: number; readonly contents: Contents }
  | { readonly kind: "failed"; readonly number: number; readonly message: string };
