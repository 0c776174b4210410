// The part of docs/journal.md that follows from the schema: a table for each fact.

import { markdownTable } from "../../../test/markdown.ts";
import type { JsonSchema } from "../src/schema/index.ts";

/** A table for each fact. */
export function factTables(schema: JsonSchema): string {
  return schema.properties!.fact!.oneOf!.map(factTable).join("\n");
}

function factTable({ title, description, ...form }: JsonSchema): string {
  const rows = rowsOf(form, "").filter(([name]) => name !== "kind");
  const head = `### ${title}\n\n${description}\n`;
  if (rows.length === 0) return head;
  const named = rows.map(([name, ...rest]) => [`\`${name}\``, ...rest]);
  return `${head}\n${markdownTable(["field", "form", "unit", "meaning"], named)}`;
}

function rowsOf(form: JsonSchema, path: string): (readonly string[])[] {
  return Object.entries(form.properties ?? {}).flatMap(([name, field]) => {
    const own = path === "" ? name : `${path}.${name}`;
    const row = [own, formInWords(field), String(field.unit ?? ""), String(field.description)];
    if (field.description === undefined || isStored(field)) return [row];
    return [row, ...(field.items === undefined ? rowsOf(field, own) : rowsOf(field.items, `${own}[]`))];
  });
}

/** A manifest, or a source in one: its keys are the run file's. */
const isStored = ({ properties }: JsonSchema) =>
  properties?.title !== undefined || properties?.sources !== undefined;

function formInWords(field: JsonSchema): string {
  if (field.anyOf !== undefined) return field.anyOf.map(formInWords).join(" or ");
  if (isStored(field)) return properties(field).includes("sources") ? "manifest" : "source";
  if (field.enum !== undefined) return (field.enum as string[]).map((word) => `\`${word}\``).join(", ");
  switch (field.type) {
    case "integer":
      return Number(field.minimum) > 0 ? `whole number from ${field.minimum}` : "whole number";
    case "array":
      return field.items?.properties === undefined ? `list: ${formInWords(field.items!)}` : "list";
    case "object":
      return field.properties === undefined ? "object: whole numbers by id" : "object";
    case "string":
      return String(field.pattern ?? "").startsWith("^[0-9a-f]{")
        ? `${/\d+(?=}\$)/.exec(String(field.pattern))![0]} hex digits`
        : "text";
    default:
      return String(field.type);
  }
}

const properties = (form: JsonSchema) => Object.keys(form.properties ?? {});
