// What stays on the disk. Bodies: the first, the last five, every tenth. Deltas: until their round is published
// (with keepDeltas for good, so that anyone with the data folder can recompute every body). State of the outer optimiser: the last.

import type { Sha256 } from "@homebody/base";
import { type Entry, keepsBody, type RunState } from "@homebody/coordinator";
import type { Blobs } from "@homebody/store/ports";

export interface KeepOptions {
  readonly keepDeltas: boolean;
}

/** Blobs that a journal says are over: removed when a round is published, and at the start. */
export function overBlobs(
  entries: readonly Entry[],
  state: RunState,
  { keepDeltas }: KeepOptions,
): ReadonlySet<Sha256> {
  const over = new Set<Sha256>();
  const kept = new Set<Sha256>();
  const say = (hash: Sha256, keep: boolean) => void (keep ? kept : over).add(hash);
  const needed = new Set(
    state.phase.kind === "training" || state.phase.kind === "closing"
      ? state.phase.accepted.map(({ delta }) => delta)
      : [],
  );
  for (const { fact } of entries) {
    if (fact.kind === "created") {
      kept.add(fact.body);
      for (const { served } of fact.manifest.sources) {
        if (served) kept.add(served.train);
        if (served?.heldOut) kept.add(served.heldOut);
      }
    }
    if (fact.kind === "accepted") say(fact.delta, keepDeltas || needed.has(fact.delta));
    if (fact.kind === "published") {
      say(fact.body, keepsBody(fact.round, state.body.number));
      if (fact.outer) say(fact.outer, fact.outer === state.outer);
    }
  }
  for (const hash of kept) over.delete(hash); // equal contents are one blob
  return over;
}

/** Every blob that no fact needs: what a crash left between a blob and its fact, and what is over. */
export async function unreferenced(
  entries: readonly Entry[],
  state: RunState,
  blobs: Blobs,
  options: KeepOptions,
): Promise<readonly Sha256[]> {
  const over = overBlobs(entries, state, options);
  const named = new Set<Sha256>();
  for (const { fact } of entries) {
    if (fact.kind === "created") {
      named.add(fact.body);
      for (const { served } of fact.manifest.sources)
        for (const hash of [served?.train, served?.heldOut]) if (hash) named.add(hash);
    }
    if (fact.kind === "accepted") named.add(fact.delta);
    if (fact.kind === "published") {
      named.add(fact.body);
      if (fact.outer) named.add(fact.outer);
    }
  }
  const left: Sha256[] = [];
  for await (const hash of await blobs.list()) if (over.has(hash) || !named.has(hash)) left.push(hash);
  return left;
}
