// The formats of a journal, behind one port [J1].

import { joinedBytes } from "@homebody/base";
import { readEntry } from "@homebody/coordinator";
import { csvLine, csvNames } from "./csv.ts";
import { measuring } from "./rows.ts";
import { eventRecords, firstRecord } from "./tfevents/events.ts";

/** Writes one journal, from its first entry on. */
export interface JournalWriter {
  /** Entries as they are stored, in their order; returns what is to be written of them. Throws an InputError where one is none. */
  write(entries: readonly unknown[]): Uint8Array;
}

export interface JournalFormat {
  readonly name: string;
  /** One line. */
  readonly summary: string;
  /** It is made of bytes that are no text, in a file whose name tells what it is. */
  readonly isBinary: boolean;
  writer(): JournalWriter;
}

const utf8 = new TextEncoder();

const jsonl: JournalFormat = {
  name: "jsonl",
  summary: "every entry as it is, a line of JSON each",
  isBinary: false,
  writer: () => ({
    write: (entries) => utf8.encode(entries.map((entry) => `${JSON.stringify(entry)}\n`).join("")),
  }),
};

const csv: JournalFormat = {
  name: "csv",
  summary: "what was measured, a row a number, for pandas, R and spreadsheets",
  isBinary: false,
  writer: () => {
    const rowsOf = measuring();
    let names = csvNames;
    return {
      write: (entries) => {
        const lines = entries.flatMap((entry) => rowsOf(readEntry(entry)).map(csvLine));
        const text = `${names}${lines.join("")}`;
        names = "";
        return utf8.encode(text);
      },
    };
  },
};

const tfevents: JournalFormat = {
  name: "tfevents",
  summary: "measures of the run and its sources as scalars, for TensorBoard",
  isBinary: true,
  writer: () => {
    const rowsOf = measuring();
    let isFirst = true;
    return {
      write: (entries) => {
        const records: Uint8Array[] = [];
        for (const stored of entries) {
          const entry = readEntry(stored);
          if (isFirst) records.push(firstRecord(entry.at));
          isFirst = false;
          records.push(...eventRecords(rowsOf(entry)));
        }
        return joinedBytes(records);
      },
    };
  },
};

export const journalFormats: readonly JournalFormat[] = [jsonl, csv, tfevents];
