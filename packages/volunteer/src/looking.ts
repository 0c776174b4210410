// What is in files that somebody picks, looked at before anything is done with them [V23].

import type { SourceId } from "@homebody/base";
import { InputError } from "@homebody/base";
import type { FileText } from "@homebody/text";
import {
  type BringingRules,
  type BroughtFile,
  bytesOf,
  documentsOf,
  readBrought,
  splitOfBrought,
  UnusableText,
} from "./brought.ts";

export interface FileLook {
  /** As people call it: UTF-8, Windows-1252, ... */
  readonly encoding: string;
  /** UTF-8 bytes of its documents. */
  readonly textBytes: number;
  /** Its first lines. */
  readonly opening: string;
}

/** What is wrong with a text: final, until other text comes. */
export interface TextProblem {
  /** Which of the files; null: all text together. */
  readonly file: number | null;
  readonly message: string;
}

export interface TextLook {
  /** One a file; null where it has a problem. */
  readonly files: readonly (FileLook | null)[];
  /** UTF-8 bytes of all documents. */
  readonly textBytes: number;
  readonly problems: readonly TextProblem[];
}

/** What a run asks of text that is brought for a source. */
export interface Asked {
  readonly rules: BringingRules;
  readonly source: SourceId;
}

/** Every file is looked at, so that all that is wrong is said at once. Without `asked` any amount of text will do. */
export async function lookAt(files: readonly BroughtFile[], asked: Asked | null): Promise<TextLook> {
  const looks: (FileLook | null)[] = [];
  const problems: TextProblem[] = [];
  const read: FileText[] = [];
  for (const [i, file] of files.entries()) {
    try {
      const text = await readBrought(file);
      const { documents, encoding } = text;
      read.push(text);
      looks.push({ encoding, textBytes: bytesOf(documents), opening: openingOf(documents[0]!) });
    } catch (error) {
      looks.push(null);
      problems.push({ file: i, message: problemMessage(error, file.name) });
    }
  }
  const all = documentsOf(read);
  if (problems.length === 0 && asked !== null) problems.push(...problemsOfAll(all, asked));
  return { files: looks, textBytes: bytesOf(all), problems };
}

function problemsOfAll(documents: readonly string[], { rules, source }: Asked): TextProblem[] {
  try {
    splitOfBrought(rules, source, documents);
    return [];
  } catch (error) {
    if (!(error instanceof UnusableText)) throw error;
    return [{ file: null, message: `This is too little: expected ${error.expected}, got ${error.got}.` }];
  }
}

const mostLines = 3;
const mostCharacters = 200;

function openingOf(document: string): string {
  const start = document.trimStart().slice(0, mostCharacters);
  return start.split("\n").slice(0, mostLines).join("\n");
}

/** For where the file's name stands already. */
export function problemMessage(error: unknown, name: string): string {
  if (!(error instanceof InputError))
    return `It cannot be read: ${error instanceof Error ? error.message : error}`;
  const place = error.where.startsWith(`${name}, `) ? `${error.where.slice(name.length + 2)}: ` : "";
  return `${place}expected ${error.expected}, got ${error.got}`;
}
