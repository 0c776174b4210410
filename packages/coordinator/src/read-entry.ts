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
} from "@homebody/protocol";
import type { z } from "zod";
import { entryShape, factShape } from "./fact-shapes.ts";
import type { Entry, Fact } from "./facts.ts";

/** Of today's form but for the manifest in it, which protocol checks. */
type KnownFact = z.output<typeof factShape>;
const checkFact: Check<KnownFact> = checked(factShape, "fact");
const checkEntry = checked(entryShape, "journal entry");

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
      const { sizeBytes, ...rest } = { numbers: null, seniority: 1, carriesFrom: null, ...fact } as Unread;
      if (sizeBytes === undefined) return rest;
      return { ...rest, sections: [{ name: "theta", sizeBytes }], rows: null };
    }
    case "published": {
      const { body, bodyBytes, outer, ...rest } = {
        clipped: [],
        ...fact,
        cosines: withOthers(fact),
      } as Unread;
      if (body === undefined) return { ...rest, outer };
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

function withOthers({ cosines }: Unread): unknown {
  return Array.isArray(cosines) ? cosines.map((one: Unread) => ({ others: null, ...one })) : cosines;
}
