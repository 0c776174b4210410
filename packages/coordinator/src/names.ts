// Under which names a fact is found again once it is of the past: so nothing of long ago has to be remembered.
//
// An accepted delta is found by its upload, for whoever sends it again [P10]; and what is kept for good by its hash
// (retention.ts).

import { type RunManifest, uploadOf } from "@homebody/protocol";
import type { Entry, Fact } from "./facts.ts";
import { isKeptForGood } from "./retention.ts";

export interface Named {
  readonly seq: number;
  readonly name: string;
}

/** What of a run's manifest says how its facts are found. */
type OfRun = Pick<RunManifest, "run" | "keep">;

export function namesOf(manifest: OfRun, entries: readonly Entry[]): readonly Named[] {
  return entries.flatMap(({ seq, fact }) => of(manifest, fact).map((name) => ({ seq, name })));
}

function of(manifest: OfRun, fact: Fact): readonly string[] {
  switch (fact.kind) {
    case "accepted": {
      const { round, volunteer, delta, rows } = fact;
      return [uploadOf(manifest.run, round, volunteer, delta), delta, ...(rows === null ? [] : [rows])];
    }
    case "published":
      return isKeptForGood(fact.round, manifest) ? fact.sections.map(({ sha256 }) => sha256) : [];
    default:
      return [];
  }
}
