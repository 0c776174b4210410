// The fact that a journal begins with.

import { parameterCounts } from "@homebody/dept";
import { type RunManifest, type SectionFile, schemaVersion, version } from "@homebody/protocol";
import type { Entry, Fact } from "./facts.ts";

/** `sections`: body 0, durable in the blobs. */
export function createdFact(
  manifest: RunManifest,
  sections: readonly SectionFile[],
): Extract<Fact, { kind: "created" }> {
  const parameters = parameterCounts(manifest);
  return { kind: "created", schema: schemaVersion, homebody: version, manifest, parameters, sections };
}

/** The manifest that a journal's first entries begin with. Throws an Error where they begin otherwise. */
export function createdManifest([first]: readonly Entry[]): RunManifest {
  if (first?.fact.kind === "created") return first.fact.manifest;
  throw new Error(`journal: expected a created fact first, got ${first?.fact.kind ?? "none"}`);
}
