// A new source in a live run [C21]: when it takes part, and what the run's manifest and body are from then on. State and
// figures fold by the same rule.

import {
  groupNames,
  groupOf,
  type ManifestSource,
  type RunManifest,
  type SectionFile,
} from "@homebody/protocol";
import type { JoiningSource, Phase, RunState } from "./state.ts";

/** Whether it waits for the next body: its words become sections of it, and a round may be under way. */
export function waits({ sections }: JoiningSource, phase: Phase["kind"]): boolean {
  return sections.length > 0 && phase !== "gathering";
}

/** A run's manifest and the sections of its body, once these sources take part. */
export function withSources(
  run: { readonly manifest: RunManifest; readonly sections: readonly SectionFile[] },
  joining: readonly JoiningSource[],
): { readonly manifest: RunManifest; readonly sections: readonly SectionFile[] } {
  const { manifest } = run;
  const sources: readonly ManifestSource[] = [...manifest.sources, ...joining.map(({ source }) => source)];
  const sections = [...run.sections, ...joining.flatMap((one) => one.sections)];
  // In the exchange's order: group by group, sources as they joined.
  const inOrder = groupNames.flatMap((group) => sections.filter(({ name }) => groupOf(name) === group));
  return { manifest: { ...manifest, sources }, sections: inOrder };
}

/** The run's manifest with the sources that join with the next body. */
export function withJoining({ manifest, joining }: Pick<RunState, "manifest" | "joining">): RunManifest {
  return withSources({ manifest, sections: [] }, joining).manifest;
}
