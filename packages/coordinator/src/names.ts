// Under which names a fact is found again once it is of the past: so nothing of long ago has to be remembered.
//
// An accepted delta is found by its upload, for whoever sends it again [P10]; and what is kept for good by its hash
// (retention.ts).

import type { RunId } from "@homebody/base";
import { uploadOf } from "@homebody/protocol";
import type { Entry, Fact } from "./facts.ts";
import { isKeptForGood } from "./retention.ts";

export interface Named {
  readonly seq: number;
  readonly name: string;
}

export function namesOf(run: RunId, entries: readonly Entry[]): readonly Named[] {
  return entries.flatMap(({ seq, fact }) => of(run, fact).map((name) => ({ seq, name })));
}

function of(run: RunId, fact: Fact): readonly string[] {
  switch (fact.kind) {
    case "accepted": {
      const { round, volunteer, delta, rows } = fact;
      return [uploadOf(run, round, volunteer, delta), delta, ...(rows === null ? [] : [rows])];
    }
    case "published":
      return isKeptForGood(fact.round) ? fact.sections.map(({ sha256 }) => sha256) : [];
    default:
      return [];
  }
}
