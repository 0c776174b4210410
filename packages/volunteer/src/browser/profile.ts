// Where the time of a step goes: what the profile page asks its worker for, and gets.

import type { TimeSum } from "@homebody/train/measuring";

/** Of the run, with the vocabulary of one of its sources. */
export interface ProfileRequest {
  readonly model: unknown;
  readonly vocabulary: number;
  /** Rows of a batch. */
  readonly rows: number;
}

export interface ProfileReport {
  readonly backend: "webgpu" | "wasm";
  readonly adapter: string;
  readonly tuning: string | null;
  readonly threads: number;
  readonly parameters: number;
  readonly tokens: number;
  /** A whole step, median of several, as the volunteer's page trains. */
  readonly stepMs: number;
  /** JavaScript's part of it, on WebGPU. */
  readonly hostMs: number | null;
  readonly dispatches: number;
  readonly submits: number;
  readonly tensorBytes: number;
  /** Of one thread, one after another; null where the device has no clock. */
  readonly kernels: readonly TimeSum[] | null;
  /** The same by where in the model. */
  readonly regions: readonly TimeSum[] | null;
}

export type { TimeSum };

export type ProfileMessage =
  | { readonly kind: "report"; readonly report: ProfileReport }
  | { readonly kind: "failed"; readonly message: string };

export function profileWorker(): Worker {
  return new Worker(new URL("./profile-worker.ts", import.meta.url), { type: "module", name: "profile" });
}
