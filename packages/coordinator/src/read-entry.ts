// The edge at which facts come in, from a journal or from a coordinator: checked, and lifted from older forms.
//
// A form that was ever written is read for ever. The core knows the newest alone: what a fact of an older version lacks is
// put in here, as that version behaved. Fields that are not known are left out.

import { InputError } from "@homebody/base";
import {
  type Check,
  checked,
  checkManifest,
  checkSource,
  liftManifest,
  liftSource,
  type ManifestLift,
  sectionName,
} from "@homebody/protocol";
import { z } from "zod";
import type { Entry, Fact } from "./facts.ts";

const count = z.number().int().min(0);
const time = z.number();
const hash = z.string().regex(/^[0-9a-f]{64}$/, "64 hex digits");
const volunteer = z.string().regex(/^[0-9a-f]{32}$/, "32 hex digits");
const source = z.string();
const name = sectionName;
const sectionFile = z.object({ name, sha256: hash, sizeBytes: count });
const sections = z.array(sectionFile).min(1);
const rows = hash.nullable();

/** Every fact of today's form but the manifest in it, which protocol checks. */
const factShape = z.discriminatedUnion("kind", [
  z.object({
    kind: z.literal("created"),
    schema: count,
    homebody: z.string(),
    manifest: z.record(z.string(), z.unknown()),
    parameters: z.object({ theta: count, phi: z.record(z.string(), count), psi: count }),
    sections,
  }),
  z.object({
    kind: z.literal("opened"),
    round: count,
    assigned: z.array(z.object({ volunteer, source, slot: count, slots: count, rows })),
    localSteps: count,
    stepsBefore: count,
    totalSteps: count,
    deadline: time,
  }),
  z.object({
    kind: z.literal("accepted"),
    round: count,
    volunteer,
    source,
    delta: hash,
    sections: z.array(z.object({ name, sizeBytes: count })).min(1),
    rows,
    steps: count,
    tokens: count,
    loss: z.number(),
    norm: z.number(),
  }),
  z.object({
    kind: z.literal("evaluated"),
    body: count,
    volunteer,
    source,
    nats: z.number(),
    tokens: count,
    bytes: count,
  }),
  z.object({
    kind: z.literal("closed"),
    round: count,
    reason: z.enum(["all", "quorum", "deadline", "admin"]),
    averaged: z.array(volunteer),
  }),
  z.object({
    kind: z.literal("published"),
    round: count,
    sections,
    outer: z.array(sectionFile),
    cosines: z.array(z.object({ volunteer, cosine: z.number() })),
    meanNorm: z.number(),
    servedBytes: count,
  }),
  z.object({ kind: z.literal("lapsed"), round: count }),
  z.object({ kind: z.literal("left"), volunteer }),
  z.object({ kind: z.literal("ending") }),
  z.object({ kind: z.literal("evaluating"), expected: z.array(volunteer), deadline: time }),
  z.object({ kind: z.literal("finished"), reason: z.enum(["rounds", "admin"]) }),
  z.object({ kind: z.literal("restarted"), deadline: time.nullable() }),
  z.object({
    kind: z.literal("source-added"),
    schema: count,
    source: z.record(z.string(), z.unknown()),
    phi: count,
    sections: z.array(sectionFile),
  }),
  z.object({ kind: z.literal("changed"), schema: count, manifest: z.record(z.string(), z.unknown()) }),
  z.object({ kind: z.literal("paused") }),
  z.object({ kind: z.literal("resumed"), deadline: time.nullable() }),
  z.object({ kind: z.literal("removed"), volunteer }),
]);

type KnownFact = z.output<typeof factShape>;
const checkFact: Check<KnownFact> = checked(factShape, "fact");
const checkEntry = checked(
  z.object({ seq: count.min(1), at: time, fact: z.record(z.string(), z.unknown()) }),
  "journal entry",
);

/** Throws an InputError that names the entry and the field. */
export function readEntry(value: unknown, lifts?: readonly ManifestLift[]): Entry {
  const { seq, at, fact } = checkEntry(value);
  const where = `journal entry ${seq}`;
  const lifted = lift(fact);
  if (!kinds.has(String(lifted.kind)))
    throw new InputError(
      `${where}.kind`,
      "a fact that this version knows (a newer Homebody wrote it: update the clone)",
      JSON.stringify(lifted.kind),
    );
  const known = checkFact(lifted, where);
  const whole =
    "manifest" in known
      ? {
          ...known,
          manifest: checkManifest(liftManifest(known.manifest, known.schema, lifts), `${where}.manifest`),
        }
      : known.kind === "source-added"
        ? {
            ...known,
            source: checkSource(liftSource(known.source, known.schema, lifts), `${where}.source`),
          }
        : known;
  return { seq, at, fact: whole as unknown as Fact } as Entry;
}

const kinds = new Set(factShape.options.map(({ shape }) => shape.kind.value as string));

type Unread = Readonly<Record<string, unknown>>;

/** From the forms of 0.1 to today's: one section, no row maps. What is of today's form stays as it is. */
function lift(fact: Unread): Unread {
  switch (fact.kind) {
    case "created": {
      const { body, bodyBytes, ...rest } = fact;
      const first = { schema: 1, homebody: "0.1.0", ...rest };
      return body === undefined ? first : { ...first, sections: [theta(body, bodyBytes)] };
    }
    case "changed":
      return { schema: 1, ...fact };
    case "opened":
      return {
        ...fact,
        assigned: Array.isArray(fact.assigned)
          ? fact.assigned.map((one: Unread) => ({ rows: null, ...one }))
          : fact.assigned,
      };
    case "accepted": {
      const { sizeBytes, ...rest } = fact;
      if (sizeBytes === undefined) return fact;
      return { ...rest, sections: [{ name: "theta", sizeBytes }], rows: null };
    }
    case "published": {
      const { body, bodyBytes, outer, ...rest } = fact;
      if (body === undefined) return fact;
      // What the optimiser keeps is as large as the body, within the bytes of a header.
      return {
        ...rest,
        sections: [theta(body, bodyBytes)],
        outer: outer === null ? [] : [theta(outer, bodyBytes)],
      };
    }
    default:
      return fact;
  }
}

const theta = (sha256: unknown, sizeBytes: unknown) => ({ name: "theta", sha256, sizeBytes });
