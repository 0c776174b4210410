// A snapshot: all that was folded from a run's journal up to one entry, as plain data.
//
// It saves reading the journal again and nothing else. It is of use to the very folds that made it: those of another version
// of Homebody, or of another `snapshotSchema`, may make something else of the same facts, and read the journal instead. So it
// has no older forms to be read.

import { type RunId, type Sha256, sha256OfText } from "@homebody/base";
import { type Check, checked, version } from "@homebody/protocol";
import { z } from "zod";
import { count, hash } from "./fact-shapes.ts";
import { resumeFigures } from "./figures-fold.ts";
import { type BlobUses, retention } from "./retention.ts";
import type { RunFold } from "./run-fold.ts";
import { readFigures, writeFigures } from "./stored-figures.ts";
import { readState, writeState } from "./stored-state.ts";

/** Raised whenever state, figures or uses of blobs become something else for the same journal, or are written otherwise. */
export const snapshotSchema = 10;

const useShape = z.discriminatedUnion("kind", [
  z.object({ kind: z.enum(["text", "tokenizer", "outer", "step"]) }),
  z.object({ kind: z.literal("body"), number: count }),
  z.object({ kind: z.enum(["delta", "rows"]), round: count }),
]);

const checkHeader = checked(z.object({ schema: count, homebody: z.string() }), "snapshot");
const shape = z.object({
  run: hash,
  seq: count.min(1),
  hash,
  state: z.unknown(),
  figures: z.unknown(),
  blobs: z.array(z.tuple([hash, z.array(useShape)])),
});
const checkSnapshot: Check<z.output<typeof shape>> = checked(shape, "snapshot");

/**
 * Plain data of this moment: it does not change with the fold. What it is read as holds the hash of the journal's entry
 * `seq` too, so that it is noticed if the journal became another one.
 */
export function snapshotOf({ state, figures, blobs }: RunFold): Readonly<Record<string, unknown>> {
  return {
    schema: snapshotSchema,
    homebody: version,
    run: state.manifest.run,
    seq: figures.seq,
    state: writeState(state),
    figures: writeFigures(figures.now()),
    blobs: blobs.uses(),
  };
}

export interface ReadSnapshot {
  readonly run: RunId;
  /** The last entry that was folded in. */
  readonly seq: number;
  /** Of that entry. */
  readonly hash: Sha256;
  readonly fold: RunFold;
}

/** Undefined for one that other folds made; throws an InputError for what is none. */
export function readSnapshot(value: unknown): ReadSnapshot | undefined {
  const { schema, homebody } = checkHeader(value);
  if (schema !== snapshotSchema || homebody !== version) return undefined;
  const { run, seq, hash, state, figures, blobs } = checkSnapshot(value);
  const fold: RunFold = {
    state: readState(state, "snapshot.state"),
    figures: resumeFigures(readFigures(figures, "snapshot.figures")),
    blobs: retention(blobs as unknown as BlobUses),
  };
  return { run: run as RunId, seq, hash: hash as Sha256, fold };
}

/** Of an entry as a journal has it: two journals that are equal in this one are taken to be equal up to it. */
export function entryHash({ seq, at, fact }: { seq: number; at: number; fact: unknown }): Sha256 {
  return sha256OfText(JSON.stringify([seq, at, fact]));
}
