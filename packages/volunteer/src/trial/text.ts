// The text of a trial: what was dropped or pasted as documents, as much of it as is used.

import { InputError } from "@homebody/base";
import { parseDocuments, utf8Length } from "@homebody/text";
import { type BroughtFile, bytesOf, readBrought } from "../brought.ts";
import { leastTrialBytes, mostFileBytes, mostTrialBytes, type TrialProblem, tooLittle } from "./view.ts";

export interface SizedFile extends BroughtFile {
  readonly size: number;
}

export interface TrialDocuments {
  readonly documents: readonly string[];
  readonly usedBytes: number;
  readonly givenBytes: number;
}

/** Every file is looked at, so that all that is wrong is said at once. */
export async function readTrialText(
  files: readonly SizedFile[],
  pasted: string,
): Promise<TrialDocuments | { readonly problems: readonly TrialProblem[] }> {
  const problems: TrialProblem[] = [];
  const given = parseDocuments("pasted.txt", pasted);
  for (const [file, one] of files.entries()) {
    try {
      if (one.size > mostFileBytes)
        throw new InputError(
          one.name,
          `at most ${mostFileBytes / 1e6} MB`,
          `${Math.ceil(one.size / 1e6)} MB`,
        );
      given.push(...(await readBrought(one)).documents);
    } catch (error) {
      problems.push({ file, message: messageOf(error, one.name) });
    }
  }
  if (problems.length > 0) return { problems };
  const givenBytes = bytesOf(given);
  if (givenBytes < leastTrialBytes) return { problems: [{ file: null, message: tooLittle(givenBytes) }] };
  return { ...firstOf(given, mostTrialBytes), givenBytes };
}

/** The file's name stands beside it already. */
function messageOf(error: unknown, name: string): string {
  if (!(error instanceof InputError))
    return `It cannot be read: ${error instanceof Error ? error.message : error}`;
  const place = error.where.startsWith(`${name}, `) ? `${error.where.slice(name.length + 2)}: ` : "";
  return `${place}expected ${error.expected}, got ${error.got}`;
}

/** Whole documents as long as they fit; the first that does not is cut, but not within a character. */
function firstOf(all: readonly string[], most: number): Omit<TrialDocuments, "givenBytes"> {
  const documents: string[] = [];
  let usedBytes = 0;
  for (const text of all) {
    const left = most - usedBytes;
    if (left <= 0) break;
    const bytes = utf8Length(text);
    const taken = bytes <= left ? text : new TextDecoder().decode(cutBytes(text, left));
    if (/\S/.test(taken)) documents.push(taken);
    usedBytes += utf8Length(taken);
  }
  return { documents, usedBytes };
}

function cutBytes(text: string, most: number): Uint8Array {
  const bytes = new Uint8Array(most);
  return bytes.subarray(0, new TextEncoder().encodeInto(text, bytes).written); // whole characters alone
}
