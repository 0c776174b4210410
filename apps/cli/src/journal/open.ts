// A run's journal, in its data folder or at its coordinator's address.

import { InputError, type RunId } from "@homebody/base";
import { openFolder } from "@homebody/server";
import type { Journal } from "@homebody/store";
import { looksLikeAddress } from "../address.ts";
import { servedRun } from "../models/run.ts";

export interface OpenJournal {
  readonly where: string;
  readonly run: RunId;
  /** At an address: throws Unreached where nobody answers now. */
  readonly read: Journal["read"];
  close(): Promise<void>;
}

/** Throws an InputError where there is no run. */
export async function openJournal(where: string, databaseUrl?: string): Promise<OpenJournal> {
  if (!looksLikeAddress(where)) {
    const { run, journal, close } = await openFolder(where, databaseUrl);
    return { where, run, read: (...which) => journal.read(...which), close };
  }
  if (databaseUrl !== undefined)
    throw new InputError("--database", "nothing, since the coordinator reads its own journal", databaseUrl);
  const { run, journal } = await servedRun(where);
  const read: Journal["read"] = async (own, after, limit) => {
    const entries = await journal.read(own, after, limit);
    await requireRun(journal, own, where); // by now another coordinator may answer there
    return entries;
  };
  return { where, run, read, close: async () => {} };
}

async function requireRun(journal: Pick<Journal, "runs">, run: RunId, where: string): Promise<void> {
  const [got] = await journal.runs();
  if (got !== run) throw new InputError(where, `run ${run.slice(0, 8)}`, `run ${String(got).slice(0, 8)}`);
}
