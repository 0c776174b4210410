// The fact that a journal begins with.

import { parameterCounts } from "@homebody/dept";
import { type RunManifest, type SectionFile, schemaVersion, version } from "@homebody/protocol";
import type { Fact } from "./facts.ts";

/** `sections`: body 0, durable in the blobs. */
export function createdFact(
  manifest: RunManifest,
  sections: readonly SectionFile[],
): Extract<Fact, { kind: "created" }> {
  const parameters = parameterCounts(manifest);
  return { kind: "created", schema: schemaVersion, homebody: version, manifest, parameters, sections };
}
