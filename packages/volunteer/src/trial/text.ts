// The text of a trial: what was dropped or pasted as documents, as much of it as is used.

import { InputError } from "@homebody/base";
import { type FileText, parseDocuments, utf8Length } from "@homebody/text";
import { type BroughtFile, bytesOf, documentsOf, readBrought } from "../brought.ts";
import { problemMessage, type TextProblem } from "../looking.ts";
import { leastTrialBytes, mostFileBytes, mostTrialBytes, tooLittle } from "./view.ts";

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
): Promise<TrialDocuments | { readonly problems: readonly TextProblem[] }> {
  const problems: TextProblem[] = [];
  const read: Pick<FileText, "documents">[] = [{ documents: parseDocuments("pasted.txt", pasted) }];
  for (const [file, one] of files.entries()) {
    try {
      if (one.size > mostFileBytes)
        throw new InputError(
          one.name,
          `at most ${mostFileBytes / 1e6} MB`,
          `${Math.ceil(one.size / 1e6)} MB`,
        );
      read.push(await readBrought(one));
    } catch (error) {
      problems.push({ file, message: problemMessage(error, one.name) });
    }
  }
  if (problems.length > 0) return { problems };
  const given = documentsOf(read);
  const givenBytes = bytesOf(given);
  if (givenBytes < leastTrialBytes) return { problems: [{ file: null, message: tooLittle(givenBytes) }] };
  return { ...firstOf(given, mostTrialBytes), givenBytes };
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
