// The JSON schema of the journal, held to the code that reads one and to docs/journal.md.

import { readFileSync } from "node:fs";
import { InputError } from "@homebody/base";
import { schemaVersion } from "@homebody/protocol";
import { Ajv2020 } from "ajv/dist/2020.js";
import fc from "fast-check";
import { expect, test } from "vitest";
import { withPart } from "../../../test/markdown.ts";
import { type Entry, type Fact, readEntry } from "../src/index.ts";
import { type JsonSchema, journalSchema } from "../src/schema/index.ts";
import { factTables } from "./documented.ts";
import { adding, ana, bo, es, fr, hashOf } from "./scene.ts";

const docs = new URL("../../../docs/", import.meta.url);
const schema = journalSchema();
const ajv = new Ajv2020().addVocabulary(["unit"]);
const validate = ajv.compile(schema);
const facts = schema.properties!.fact!.oneOf!;

/** One of each kind. */
const entries: readonly Entry[] = [...ofAnOldRun(), ...later()];

/** Lifted, and as if it was written today: of an older schema what is missing is put in. */
function ofAnOldRun(): readonly Entry[] {
  const lines = readFileSync(new URL("../test/fixtures/journals/v1.jsonl", docs), "utf8").trim().split("\n");
  const read = lines.map((line): Entry => {
    const { fact, ...entry } = readEntry(JSON.parse(line));
    return { ...entry, fact: "schema" in fact ? { ...fact, schema: schemaVersion } : fact };
  });
  return read.filter(({ fact }, i) => i === read.findIndex((one) => one.fact.kind === fact.kind));
}

function later(): readonly Entry[] {
  const { kind: _, ...added } = adding(fr, "source");
  const facts: readonly Fact[] = [
    { kind: "dropped", round: 1, volunteer: ana, reason: "missing" },
    {
      ...{ kind: "reviewed", round: 3, volunteer: ana, source: es, reviewer: bo },
      ...{ natsWithout: 70, natsWith: 71, bytes: 50, harmful: true },
    },
    { kind: "quarantined", volunteer: ana, source: es, round: 3, reviewers: [bo] },
    { kind: "cleared", volunteer: ana, source: es, round: 4, reviewer: bo },
    { kind: "held", body: 3, sources: [es] },
    { kind: "undone", round: 4, to: 2, without: [ana], averaged: [bo] },
    { kind: "invited", source: es, codes: [{ sha256: hashOf("code"), uses: 3 }] },
    { kind: "admitted", volunteer: ana, source: es, code: null },
    { ...added, kind: "source-added", schema: schemaVersion },
    { kind: "reopened" },
    { kind: "restored", volunteer: ana },
  ];
  return facts.map((fact, i) => ({ seq: i + 1, at: 1_700_000_000_000 as Entry["at"], fact }));
}

const isRead = (entry: unknown): boolean => {
  try {
    readEntry(entry);
    return true;
  } catch (error) {
    expect(error).toBeInstanceOf(InputError);
    return false;
  }
};

test("[P49] every kind of fact is in the schema, and its entries fit", () => {
  const kinds = facts.map(({ title }) => title).sort();
  expect([...new Set(entries.map(({ fact }) => fact.kind))].sort()).toEqual(kinds);
  for (const entry of entries)
    expect([entry.fact.kind, validate(entry), validate.errors]).toEqual([entry.fact.kind, true, null]);
});

test("[P49] every field of a fact says what it means, and every number its unit", () => {
  const without: string[] = [];
  const look = (form: JsonSchema, path: string) => {
    for (const [name, field] of Object.entries(form.properties ?? {})) {
      const own = `${path}.${name}`;
      if (field.description === undefined) without.push(own);
      const forms = [field, ...(field.anyOf ?? [])];
      if (forms.some(({ type }) => type === "number" || type === "integer") && field.unit === undefined)
        without.push(`${own}: unit`);
      if (!["manifest", "source"].includes(name)) look(field.items ?? field, own);
    }
  };
  look(schema, "entry");
  for (const fact of facts) look(fact, String(fact.title));
  expect(without).toEqual([]);
});

test("[P49] what reading refuses the schema refuses, and the other way round", () => {
  // What a version of before did not write is put in when it is read.
  const lifted = ["schema", "homebody", "rows", "numbers", "seniority", "clipped", "carriesFrom"];
  const strange = fc.constantFrom<unknown>(null, true, -1, 0.5, 2 ** 60, "x", "", [], {}, [{}], ["x"]);
  const change = fc.record({
    entry: fc.constantFrom(...entries),
    at: fc.double({ min: 0, max: 1, noNaN: true, maxExcluded: true }),
    removes: fc.boolean(),
    strange,
  });
  let refused = 0;
  fc.assert(
    fc.property(change, ({ entry, at, removes, strange }) => {
      const changed = structuredClone(entry) as unknown as Record<string, unknown>;
      const places = placesIn(changed);
      const [holder, key] = places[Math.floor(at * places.length)]!;
      fc.pre(!removes || !lifted.includes(key));
      if (removes) delete holder[key];
      else holder[key] = strange;
      const fits = isRead(changed);
      if (!fits) refused += 1;
      expect([validate(changed), key]).toEqual([fits, key]);
    }),
    { numRuns: 3000 },
  );
  expect(refused).toBeGreaterThan(500);
  for (const kind of ["created", "accepted"]) {
    const entry = entries.find(({ fact }) => fact.kind === kind)!;
    for (const changed of [
      { ...entry, fact: { ...entry.fact, kind: "unheard-of" } },
      { ...entry, seq: 0 },
    ])
      expect([validate(changed), isRead(changed)]).toEqual([false, false]);
  }
});

/** Every field of an object, however deep. */
function placesIn(value: unknown): [holder: Record<string, unknown>, key: string][] {
  if (typeof value !== "object" || value === null) return [];
  const holder = value as Record<string, unknown>;
  return Object.keys(holder).flatMap((key) => [
    ...(Array.isArray(value) ? [] : [[holder, key] as [typeof holder, string]]),
    ...placesIn(holder[key]),
  ]);
}

test("[P49] docs/journal.schema.json is the schema", async () => {
  await expect(`${JSON.stringify(schema, null, 2)}\n`).toMatchFileSnapshot(
    new URL("journal.schema.json", docs).pathname,
  );
});

test("[P49] docs/journal.md has every field as the schema has it", async () => {
  const path = new URL("journal.md", docs).pathname;
  await expect(withPart(readFileSync(path, "utf8"), "facts", factTables(schema))).toMatchFileSnapshot(path);
});
