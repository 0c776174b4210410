// A helper: another thread with the same model, which makes gradients of its share of a batch (data parallelism).
//
// WebAssembly computes on one core; so each further core has a worker of its own. The one who trains sends values and
// rows, and gets gradients and losses, which it adds to its own in a fixed order: the same every time. Helpers keep no
// moments, and need no shared memory, so any page can have them.

import type { Batch } from "@homebody/text";
import type { EngineOptions } from "./plans.ts";
import type { Moving } from "./rates.ts";
import type { WasmPaths } from "./wasm.ts";

export interface HelperWork {
  /** Null: as they were for the last work. */
  readonly values: Float32Array | null;
  readonly batch: Batch;
  /** 1 / how many targets count, in the whole batch. */
  readonly share: number;
  /** Whose gradients are wanted; null: losses alone. */
  readonly moving: Moving | null;
}

export interface HelperResult {
  /** The sum of losses, each times the share. */
  readonly loss: number;
  /** As Engine.readGradients has them. */
  readonly gradients: readonly Float32Array[] | null;
}

/** One thread beside this one; it works for one trainer at a time: false where it has one already. */
export interface Helper {
  begin(options: EngineOptions): boolean;
  work(work: HelperWork): Promise<HelperResult>;
  end(): void;
}

/** What goes between threads. */
export type ToHelper =
  | { readonly kind: "start"; readonly paths: WasmPaths | undefined }
  | { readonly kind: "begin"; readonly options: EngineOptions }
  | { readonly kind: "work"; readonly id: number; readonly work: HelperWork }
  | { readonly kind: "end" };

export type FromHelper =
  | { readonly kind: "ready" }
  | { readonly kind: "done"; readonly id: number; readonly result: HelperResult }
  | { readonly kind: "failed"; readonly id: number | null; readonly message: string };

/** The other end of a worker, of a browser's or of Node's. */
export interface Wire<Out, In> {
  post(message: Out, transfer: readonly ArrayBuffer[]): void;
  onMessage(take: (message: In) => void): void;
}

/** This thread's end of a helper's wire. */
export async function connectHelper(
  wire: Wire<ToHelper, FromHelper>,
  paths: WasmPaths | undefined,
): Promise<Helper> {
  const waiting = new Map<
    number,
    { resolve: (result: HelperResult) => void; reject: (error: Error) => void }
  >();
  let ids = 0;
  let taken = false;
  let broken: Error | undefined;
  await new Promise<void>((resolve, reject) => {
    wire.onMessage((message) => {
      if (message.kind === "ready") resolve();
      if (message.kind === "done") waiting.get(message.id)?.resolve(message.result);
      if (message.kind !== "failed") return;
      const error = new Error(`a helper: ${message.message}`);
      if (message.id !== null) return waiting.get(message.id)?.reject(error);
      // The thread itself: nobody gets it any more.
      broken = error;
      reject(error);
      for (const { reject } of waiting.values()) reject(error);
    });
    wire.post({ kind: "start", paths }, []);
  });
  return {
    begin: (options) => {
      if (taken || broken !== undefined) return false;
      taken = true;
      wire.post({ kind: "begin", options }, []);
      return true;
    },
    work: (work) => {
      if (broken !== undefined) return Promise.reject(broken);
      const id = ids++;
      const result = new Promise<HelperResult>((resolve, reject) => waiting.set(id, { resolve, reject }));
      wire.post({ kind: "work", id, work }, work.values === null ? [] : [work.values.buffer as ArrayBuffer]);
      return result.finally(() => waiting.delete(id));
    },
    end: () => {
      taken = false;
      wire.post({ kind: "end" }, []);
    },
  };
}
