// The journal's form for other programs: a JSON schema of an entry, made of the very checks that read one, with the meaning and unit
// of each field.

export { entryWords } from "./fact-words.ts";
export { type JsonSchema, journalSchema } from "./journal-schema.ts";
