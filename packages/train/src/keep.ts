// Where plans get their storages from.

import { elementBytes, type Storage } from "@homebody/kernels/plans";

/** Of a workspace, or of none. */
export type Keep = (name: string, size: number, type?: Storage["type"]) => Storage;

/** Of none, to learn what a plan would take: `sizes` are bytes, of each storage so far. */
export function counting(): { readonly keep: Keep; readonly sizes: readonly number[] } {
  const sizes: number[] = [];
  const keep: Keep = (name, size, type = "f32") => {
    sizes.push(size * elementBytes[type]);
    return { name, size, type, kept: true };
  };
  return { keep, sizes };
}
