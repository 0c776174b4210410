// Errors that the person at the keyboard can mend: a sentence is enough for them, and a stack would hide it.

import { InputError } from "@homebody/base";

const named = new Set(["RunFileError", "RunMismatch", "FolderInUse", "RunInUse"]);

/** What of the disk is not as a command needs it: what was expected at the path, and what came. */
const ofDisk: Readonly<Record<string, readonly [expected: string, got: string]>> = {
  ENOENT: ["a file or folder that is there", "nothing"],
  ENOTDIR: ["a folder", "a file, there or on the way to it"],
  EEXIST: ["a folder, or nothing yet", "a file"],
  EISDIR: ["a file", "a folder"],
  EACCES: ["one that this user may use", "no permission"],
  EPERM: ["one that this user may use", "no permission"],
  EROFS: ["a disk that can be written", "one that is read-only"],
  ENOSPC: ["space on the disk", "none"],
  ENAMETOOLONG: ["a shorter path", "one that is too long"],
  ELOOP: ["a file or folder", "links that lead in a circle"],
};

/** The sentence of such an error; undefined for all others. */
export function mistake(error: unknown): string | undefined {
  if (!(error instanceof Error)) return undefined;
  const { code = "", dest, path = dest } = error as NodeJS.ErrnoException & { readonly dest?: string };
  if (error instanceof InputError || named.has(error.name)) return error.message;
  if (code.startsWith("ERR_PARSE_ARGS")) return ofOptions(error.message);
  const [expected, got] = ofDisk[code] ?? [];
  if (expected === undefined || path === undefined) return undefined;
  return `${dest ?? path}: expected ${expected}, got ${got} (${code})`;
}

/** Node's own sentence, the first of them, without advice for words that begin with a dash. */
function ofOptions(message: string): string {
  const [first] = message.split(/\. |\n/);
  return `${first!.replace(/\.$/, "")} (--help lists what there is)`;
}
