// Snapshots of a run: a disposable cache {sequence, schema, hash} of what its journal folds to, written now and then and at the
// end. One that is lost, that other folds made, or that does not fit the journal is left, and the journal read instead.
//
// It fits if the journal has the entry that it was made after, with the hash that it had then.

import { InputError, type RunId } from "@homebody/base";
import { entryHash, type ReadSnapshot, type RunFold, readSnapshot, snapshotOf } from "@homebody/coordinator";
import type { Journal, Snapshots } from "@homebody/store/ports";

/** Undefined where there is none of use. */
export async function foldFromSnapshot(
  snapshots: Pick<Snapshots, "read">,
  journal: Pick<Journal, "read">,
  run: RunId,
): Promise<RunFold | undefined> {
  const text = await snapshots.read(run).catch(() => undefined); // a cache that fails is one that is lost
  const snapshot = text === undefined ? undefined : readStored(text);
  if (snapshot?.run !== run) return undefined;
  const [last] = await journal.read(run, snapshot.seq - 1, 1);
  return last !== undefined && entryHash(last) === snapshot.hash ? snapshot.fold : undefined;
}

function readStored(text: string): ReadSnapshot | undefined {
  try {
    return readSnapshot(JSON.parse(text));
  } catch (error) {
    if (error instanceof InputError || error instanceof SyntaxError) return undefined;
    throw error;
  }
}

export interface SnapshotInputs {
  readonly run: RunFold;
  readonly journal: Pick<Journal, "read">;
  readonly snapshots: Snapshots;
  /** A snapshot is written anew after so many entries. */
  readonly every: number;
  /** It could not be written: a later one may. */
  readonly troubled: (error: unknown) => void;
}

export interface SnapshotKeeper {
  /** Entries were folded in. */
  look(): void;
  /** The last one; nothing is folded in any more. */
  close(): Promise<void>;
}

export function keepSnapshots(inputs: SnapshotInputs): SnapshotKeeper {
  const { run, journal, snapshots, every, troubled } = inputs;
  const { figures, state } = run;
  /** After which entry it was last tried; at a start it may be long ago, or never. */
  let tried = 0;
  let writing: Promise<void> | undefined;

  async function write(): Promise<void> {
    const { seq } = figures;
    tried = seq;
    const { run: id } = state.manifest;
    const snapshot = snapshotOf(run); // of this moment, before anything is waited for
    const [last] = await journal.read(id, seq - 1, 1);
    if (last === undefined) throw new Error(`snapshot: expected entry ${seq} in the journal, got none`);
    await snapshots.write(id, JSON.stringify({ ...snapshot, hash: entryHash(last) }));
  }

  function begin(): void {
    writing = write()
      .catch(troubled)
      .finally(() => {
        writing = undefined;
      });
  }

  return {
    look() {
      if (writing === undefined && figures.seq - tried >= every) begin();
    },
    async close() {
      await writing;
      if (figures.seq > tried) begin();
      await writing;
    },
  };
}
