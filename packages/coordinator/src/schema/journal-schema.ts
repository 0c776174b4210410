// A JSON schema of a journal's entries: the forms that reading checks, with words. It describes what is written today; what
// older versions wrote is lifted when it is read (read-entry.ts).

import { manifestShape, schemaVersion, sourceShape } from "@homebody/protocol";
import { z } from "zod";
import { entryShape, factShape } from "../fact-shapes.ts";
import type { Fact } from "../facts.ts";
import { commonWords, entryWords, type FieldWords, factWords } from "./fact-words.ts";

export interface JsonSchema extends FieldsOfSchema {
  readonly [keyword: string]: unknown;
}

interface FieldsOfSchema {
  readonly type?: string;
  readonly const?: unknown;
  readonly properties?: Readonly<Record<string, JsonSchema>>;
  readonly items?: JsonSchema;
  readonly anyOf?: readonly JsonSchema[];
  readonly oneOf?: readonly JsonSchema[];
  readonly required?: readonly string[];
}

/** Of an entry: a line of `journal.jsonl`. Draft 2020-12. */
export function journalSchema(): JsonSchema {
  const facts = factShape.options.map((option) =>
    described(option.shape.kind.value, formOf(written(option))),
  );
  return {
    $schema: "https://json-schema.org/draft/2020-12/schema",
    title: "An entry of a Homebody run's journal",
    type: "object",
    properties: {
      seq: inWords(formOf(entryShape.shape.seq), entryWords.seq),
      at: inWords(formOf(entryShape.shape.at), entryWords.at),
      fact: { ...inWords({}, entryWords.fact), oneOf: facts },
    },
    required: ["seq", "at", "fact"],
  };
}

/** As it is written today: with the manifest or source of this version in it. */
function written(option: z.ZodObject): z.ZodObject {
  const has = (key: string) => Object.hasOwn(option.shape, key);
  return option.extend({
    ...(has("schema") ? { schema: z.int().min(1).max(schemaVersion) } : {}),
    ...(has("manifest") ? { manifest: manifestShape } : {}),
    ...(has("schema") && has("source") ? { source: sourceShape } : {}),
  });
}

/** Fields that are not known are left out when an entry is read; all that are known have to be there. */
function formOf(shape: z.ZodType): JsonSchema {
  const { $schema: _, ...form } = z.toJSONSchema(shape, {
    unrepresentable: "any",
    override: ({ jsonSchema }) => {
      if (jsonSchema.additionalProperties === false) delete jsonSchema.additionalProperties;
      delete jsonSchema.default;
    },
  });
  return form as JsonSchema;
}

function described(kind: Fact["kind"], form: JsonSchema): JsonSchema {
  const { when, fields } = factWords[kind];
  return { title: kind, description: when, ...withWords(form, "", { ...commonWords, ...fields }) };
}

/** What is in a manifest or a source has the words of the run file. */
const closed: ReadonlySet<string> = new Set(["manifest", "source"]);

function withWords(form: JsonSchema, path: string, words: Readonly<Record<string, FieldWords>>): JsonSchema {
  if (form.properties !== undefined) {
    const properties = Object.entries(form.properties).map(([name, field]) => {
      const own = path === "" ? name : `${path}.${name}`;
      const inside = closed.has(own) ? field : withWords(field, own, words);
      return [name, inWords(inside, words[own])] as const;
    });
    return { ...form, properties: Object.fromEntries(properties) };
  }
  return form.items === undefined ? form : { ...form, items: withWords(form.items, `${path}[]`, words) };
}

function inWords(form: JsonSchema, words: FieldWords | undefined): JsonSchema {
  if (words === undefined) return form;
  const { meaning, unit } = words;
  return { description: meaning, ...(unit === undefined ? {} : { unit }), ...form };
}
