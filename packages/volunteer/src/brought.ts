// Text that a volunteer brings: files, read by what is in them, and whether there is enough of it.

import { InputError } from "@homebody/base";
import { leastTextBytes, splitOf } from "@homebody/dept";
import type { RunManifest } from "@homebody/protocol";
import { type FileText, readTextFile, type Split, utf8Length } from "@homebody/text";

/** A file that the volunteer brought; it stays on this device. */
export interface BroughtFile {
  readonly name: string;
  bytes(): Promise<Uint8Array>;
}

export interface ReadFile extends Pick<FileText, "encoding"> {
  readonly name: string;
}

/** What a run says of text that is brought. */
export type BringingRules = Pick<RunManifest, "heldOut"> & {
  readonly training: Pick<RunManifest["training"], "seed">;
};

/** What was brought cannot be trained on, and another try would change nothing [V23]. */
export class UnusableText extends InputError {}

/** Throws UnusableText. */
export async function readBrought({ name, bytes }: BroughtFile): Promise<FileText> {
  const read = await bytes().catch((error: unknown) => {
    throw new UnusableText(
      name,
      "a file that can be read",
      error instanceof Error ? error.message : `${error}`,
    );
  });
  return await readTextFile(name, read).catch(unusable);
}

function unusable(error: unknown): never {
  if (error instanceof InputError) throw new UnusableText(error.where, error.expected, error.got);
  throw error;
}

/** Looks at all of it before anything is done with it. Throws UnusableText. */
export async function requireUsable(
  run: BringingRules,
  source: string,
  files: readonly BroughtFile[],
): Promise<readonly ReadFile[]> {
  const read: (ReadFile & FileText)[] = [];
  for (const file of files) read.push({ name: file.name, ...(await readBrought(file)) });
  splitOfBrought(run, source, documentsOf(read));
  return read;
}

/** What is trained on and what is held out. Throws UnusableText where there is too little of either. */
export function splitOfBrought(run: BringingRules, source: string, documents: readonly string[]): Split {
  const [least, given] = [leastTextBytes(run), bytesOf(documents)];
  if (given < least) throw new UnusableText("text", `${least} bytes of text or more`, `${given}`);
  const split = splitting(run, source, documents);
  const { leastBytes } = run.heldOut;
  const heldOut = bytesOf(split.heldOut);
  if (heldOut >= leastBytes) return split;
  const expected = `at least ${leastBytes} bytes that are held out of training; bring a longer text`;
  throw new UnusableText("text", expected, `${heldOut}`);
}

function splitting(run: BringingRules, source: string, documents: readonly string[]): Split {
  try {
    return splitOf(run, source, documents);
  } catch (error) {
    return unusable(error);
  }
}

/** Of all files, in their order. */
export const documentsOf = (files: readonly Pick<FileText, "documents">[]): readonly string[] =>
  files.flatMap(({ documents }) => documents);

/** UTF-8. */
export const bytesOf = (documents: readonly string[]): number =>
  documents.reduce((sum, document) => sum + utf8Length(document), 0);
