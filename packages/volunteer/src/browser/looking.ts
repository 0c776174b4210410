// The page's door to what is in files: a worker of its own, so that the page stays smooth while they are read. It takes one
// LookRequest and posts one LookMessage; nothing of the files leaves it but what a TextLook has.

import type { Asked, TextLook } from "../looking.ts";

export type { Asked, FileLook, TextLook, TextProblem } from "../looking.ts";

export interface LookRequest {
  readonly files: readonly File[];
  readonly asked: Asked | null;
}

export type LookMessage = { readonly look: TextLook } | { readonly failed: string };

export function lookingWorker(): Worker {
  return new Worker(new URL("./looking-worker.ts", import.meta.url), { type: "module", name: "looking" });
}
