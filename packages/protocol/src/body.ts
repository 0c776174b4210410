// A body by what it holds: its sections, and its id.

import type { Sha256 } from "@homebody/base";

/** Groups of parameters, in the order in which they stand in bodies and deltas. */
export const groupNames = ["theta", "phi", "psi"] as const;
export type GroupName = (typeof groupNames)[number];

/** A group that all sources share, or that of one source: `phi`, `phi/es`. */
export type SectionName = GroupName | `${"phi" | "psi"}/${string}`;

/** The group that a section is of. */
export function groupOf(section: SectionName): GroupName {
  return section.split("/", 1)[0] as GroupName;
}

/** Named tensors of one section in the blobs: of a body, or what an outer optimiser keeps of it. */
export interface SectionFile {
  readonly name: SectionName;
  readonly sha256: Sha256;
  readonly sizeBytes: number;
}

/** How many bytes a section has in a delta; sections stand one after another, in the exchange's order. */
export interface SectionSize {
  readonly name: SectionName;
  readonly sizeBytes: number;
}

/** Of all together. */
export const totalBytes = (all: readonly { readonly sizeBytes: number }[]): number =>
  all.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0);

/** An outer step of one section as bytes in the blobs: what it adds to the section's file `from`. */
export interface StepFile extends SectionFile {
  readonly from: Sha256;
}

/** The same, with the number of the body whose section comes of it. */
export interface StepTo extends StepFile {
  readonly body: number;
}

/** A body: its sections by content, in the exchange's order. */
export interface BodyRef {
  readonly number: number;
  /** Of the whole: see bodyId. */
  readonly id: Sha256;
  readonly sections: readonly SectionFile[];
  /**
   * Those of late that lead to its sections: of one section each begins with the file that the one before it makes, and the
   * last one makes the body's. Not there where there are none.
   */
  readonly steps?: readonly StepTo[] | undefined;
}

/** The steps that lead to a section of the body from a file of before, in their order; none where they do not. */
export function stepsFrom(
  { steps = [] }: Pick<BodyRef, "steps">,
  { name, from }: Pick<StepFile, "name" | "from">,
): readonly StepTo[] {
  const own = steps.filter((step) => step.name === name);
  const first = own.findIndex((step) => step.from === from);
  return first < 0 ? [] : own.slice(first);
}
