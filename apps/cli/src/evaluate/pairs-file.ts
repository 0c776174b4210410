// Minimal pairs that somebody else made, as a file: MultiBLiMP's tables (.tsv: `sen`, `wrong_sen`), BLiMP's lines (.jsonl:
// `sentence_good`, `sentence_bad`), or columns that are called `good` and `bad`.

import { basename } from "node:path";
import { InputError } from "@homebody/base";
import type { Pair } from "@homebody/experiment";
import { decodeUtf8 } from "@homebody/text";
import { parse } from "csv-parse/sync";
import { readBytes } from "../models/folder.ts";

const columns = [
  ["sen", "wrong_sen"],
  ["sentence_good", "sentence_bad"],
  ["good", "bad"],
] as const;
/** What a pair is about; the first of them that it has. */
const kinds = ["phenomenon", "UID", "linguistics_term", "kind"] as const;

export async function readPairs(path: string): Promise<readonly Pair[]> {
  const name = basename(path);
  return parsePairs(name, decodeUtf8(name, await readBytes("--pairs-file", path)));
}

/** Throws an InputError that names the line. */
export function parsePairs(name: string, text: string): readonly Pair[] {
  const records = recordsOf(name, text.replace(/^\ufeff/, ""));
  if (records.length === 0) throw new InputError(name, "at least one pair", "none");
  return records.map(([line, record]) => {
    const [good, bad] = columns.find(([one, other]) => isText(record[one]) && isText(record[other])) ?? [];
    if (good === undefined)
      throw new InputError(
        `${name}, line ${line}`,
        columns.map((pair) => pair.join(" and ")).join(", or "),
        Object.keys(record).join(", ") || "nothing",
      );
    const kind = kinds.map((key) => record[key]).find(isText) ?? name;
    return { good: record[good] as string, bad: record[bad!] as string, kind };
  });
}

type Record = Readonly<globalThis.Record<string, unknown>>;

function recordsOf(name: string, text: string): (readonly [line: number, record: Record])[] {
  if (/\.jsonl$/i.test(name))
    return text
      .split("\n")
      .flatMap((line, i) => (line.trim() === "" ? [] : [[i + 1, lineOf(name, i + 1, line)]]));
  const delimiter = /\.csv$/i.test(name) ? "," : /\.tsv$/i.test(name) ? "\t" : undefined;
  if (delimiter === undefined) throw new InputError("--pairs-file", "a .tsv, .csv or .jsonl file", name);
  try {
    const found = parse(text, { delimiter, columns: true, skip_empty_lines: true, info: true });
    return (found as unknown as { info: { lines: number }; record: Record }[]).map(({ info, record }) => [
      info.lines,
      record,
    ]);
  } catch (error) {
    throw new InputError(
      name,
      "a table with a line of names and as many fields in each line",
      (error as Error).message,
    );
  }
}

function lineOf(name: string, line: number, text: string): Record {
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value === "object" && value !== null) return value as Record;
  } catch {}
  throw new InputError(`${name}, line ${line}`, "a JSON object", text.slice(0, 40));
}

const isText = (value: unknown): value is string => typeof value === "string" && value.trim() !== "";
