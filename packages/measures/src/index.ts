// A run's journal in formats that other tools read: the entries themselves, what they measure as rows, and TensorBoard's event files.

export { type JournalFormat, type JournalWriter, journalFormats } from "./formats.ts";
export { type Level, type Measure, type MeasureName, measures } from "./measures.ts";
export { measuring, type Row } from "./rows.ts";
