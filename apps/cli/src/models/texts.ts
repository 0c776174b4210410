// Documents from files and folders, and the split of a text that has no held-out part of its own.

import { type FileText, readTextFile, type Split, splitHeldOut } from "@homebody/text";
import { textFiles } from "@homebody/volunteer/node";

export const heldOutShare = 0.1;

/** Throws an InputError where there is no text. */
export async function readDocuments(option: string, paths: readonly string[]): Promise<string[]> {
  const texts: FileText[] = [];
  for (const file of await textFiles(option, paths))
    texts.push(await readTextFile(file.name, await file.bytes()));
  return texts.flatMap(({ documents }) => documents);
}

/**
 * A tenth by the seed where nothing is given to hold out: the same text and seed give the same split, so what one command
 * trained on, another does not measure.
 */
export function splitText(
  documents: readonly string[],
  heldOut: readonly string[] | undefined,
  seed: string,
): Split {
  return heldOut === undefined
    ? splitHeldOut(documents, heldOutShare, `${seed}/split`)
    : { train: documents, heldOut };
}
