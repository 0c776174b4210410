// From a file to its documents: .txt and .md are one document, .jsonl has one a line, `{"text": "..."}`.
//
// Documents come out as well-formed text without a byte-order mark; those without a visible character are left out.

import { InputError } from "@homebody/base";

/** A file's bytes as text. Throws an InputError where they are no UTF-8. */
export function decodeUtf8(fileName: string, bytes: Uint8Array): string {
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch {
    throw new InputError(fileName, "text in UTF-8", "bytes that are not; save the file as UTF-8");
  }
}

export function parseDocuments(fileName: string, text: string): string[] {
  const suffix = /\.[^./\\]*$/.exec(fileName)?.[0].toLowerCase();
  switch (suffix) {
    case ".txt":
    case ".md":
      return [text].map(wellFormed).filter(hasWords);
    case ".jsonl":
      return jsonLines(fileName, text).map(wellFormed).filter(hasWords);
    default:
      throw new InputError(fileName, "a .txt, .md or .jsonl file", suffix ?? "no suffix");
  }
}

function jsonLines(fileName: string, text: string): string[] {
  const documents: string[] = [];
  for (const [i, line] of withoutMark(text).split("\n").entries()) {
    if (!hasWords(line)) continue;
    const where = `${fileName}, line ${i + 1}`;
    let value: unknown;
    try {
      value = JSON.parse(line);
    } catch {
      throw new InputError(where, 'JSON such as {"text": "..."}', shown(line));
    }
    const document =
      typeof value === "object" && value !== null ? (value as { text?: unknown }).text : undefined;
    if (typeof document !== "string") throw new InputError(where, 'an object with a "text"', shown(line));
    documents.push(document);
  }
  return documents;
}

function shown(line: string): string {
  return line.length <= 40 ? line.trimEnd() : `${line.slice(0, 40)}...`;
}

function withoutMark(text: string): string {
  return text.startsWith("\ufeff") ? text.slice(1) : text;
}

/** Halves of surrogate pairs, which JSON can bring in, become U+FFFD: they have no UTF-8. */
function wellFormed(text: string): string {
  return withoutMark(text).replace(/\p{Surrogate}/gu, "\ufffd");
}

function hasWords(text: string): boolean {
  return /\S/.test(text);
}
