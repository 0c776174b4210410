// A file that somebody brings, whatever it is: its documents, or what is wrong with it and what to do.

import { InputError } from "@homebody/base";
import { parseDocuments } from "./documents.ts";
import { decodeAny } from "./encodings.ts";

export interface FileText {
  readonly documents: readonly string[];
  /** That it was saved in, as people call it: UTF-8, UTF-16, Windows-1252, Shift-JIS, ... */
  readonly encoding: string;
}

const kinds = [".txt", ".md", ".jsonl"];

/** By its name: whether it may have text. */
export const isTextFile = (fileName: string): boolean =>
  kinds.some((kind) => fileName.toLowerCase().endsWith(kind));

/** Throws an InputError where it has no text. What it is says its content, before its name. */
export async function readTextFile(fileName: string, bytes: Uint8Array): Promise<FileText> {
  const other = formats.find(({ start }) => [...start].every((c, i) => bytes[i] === c.charCodeAt(0)));
  if (other !== undefined) throw new InputError(fileName, expectedFile, `${other.name}; ${other.advice}`);
  if (bytes.length === 0) throw new InputError(fileName, "text", "an empty file");
  const decoded = await decodeAny(bytes);
  if (decoded === undefined)
    throw new InputError(fileName, "text", "bytes that are none; if it is a text, save it as UTF-8");
  const documents = parseDocuments(fileName, decoded.text);
  if (documents.length === 0) throw new InputError(fileName, "text", "a file without a word");
  return { documents, encoding: decoded.encoding };
}

const expectedFile = "a .txt, .md or .jsonl file";
const saveAsText = "open it in its program and save it as plain text (.txt, UTF-8)";

/** Files that people take for text, by their first bytes. */
const formats = [
  { start: "%PDF-", name: "a PDF", advice: "open it, copy its text and save that as a .txt file" },
  { start: "PK\x03\x04", name: "an office document or a ZIP file (.docx, .odt, .epub)", advice: saveAsText },
  { start: "\xd0\xcf\x11\xe0", name: "an old office document (.doc)", advice: saveAsText },
  { start: "{\\rtf", name: "rich text (RTF)", advice: saveAsText },
  { start: "\x1f\x8b", name: "a gzip file", advice: "unpack it first" },
];
