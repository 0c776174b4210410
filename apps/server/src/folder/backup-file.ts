// What a backup is: a tar of
//
//   backup.json     the form, the version that made it, the run, how many entries
//   journal.jsonl   every entry of the journal up to one moment, as it is stored
//   blobs/ab/...    every blob that these entries name and that was there at that moment
//   admin-token
//
// It says nothing of where the journal was kept: a run may be restored to SQLite or to PostgreSQL.

import { InputError, type RunId } from "@homebody/base";
import { checked } from "@homebody/protocol";
import { z } from "zod";

export const backupForm = 1;

export interface BackupHeader {
  readonly form: number;
  readonly homebody: string;
  readonly run: RunId;
  readonly entries: number;
}

const check = checked(
  z.object({
    form: z.number().int(),
    homebody: z.string(),
    run: z.string().regex(/^[0-9a-f]{64}$/, "64 hex digits"),
    entries: z.number().int().min(1),
  }),
  "backup.json",
);

/** Throws an InputError where it is none, or one of a newer version. */
export function readHeader(text: string, where: string): BackupHeader {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw new InputError(`${where}, backup.json`, "JSON", text.slice(0, 80));
  }
  const header = check(value, `${where}, backup.json`);
  if (header.form > backupForm)
    throw new InputError(
      `${where}, backup.json`,
      `a form up to ${backupForm} (a newer Homebody wrote it: update the clone)`,
      `${header.form}`,
    );
  return header as BackupHeader;
}

/** What a backup may have in it, and nothing else is taken out of it. */
export const isOfBackup = (path: string): boolean =>
  /^(\.\/)?(backup\.json|journal\.jsonl|admin-token|blobs\/([0-9a-f]{2})\/\3[0-9a-f]{62})$/.test(path);
