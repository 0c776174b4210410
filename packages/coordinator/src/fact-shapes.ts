// Facts in the form in which they are written, field by field. What these fields mean: facts.ts.

import { sectionName } from "@homebody/protocol";
import { z } from "zod";

export const count = z.number().int().min(0);
export const time = z.number();
export const hash = z.string().regex(/^[0-9a-f]{64}$/, "64 hex digits");
export const volunteer = z.string().regex(/^[0-9a-f]{32}$/, "32 hex digits");
export const source = z.string();
export const name = sectionName;
export const sectionFile = z.object({ name, sha256: hash, sizeBytes: count });
export const stepFile = sectionFile.extend({ from: hash });
export const sections = z.array(sectionFile).min(1);
const rows = hash.nullable();

/** A manifest or a source in it, which protocol checks. */
export const unread = z.record(z.string(), z.unknown());

/** An entry, before its fact is looked at. */
export const entryShape = z.object({ seq: count.min(1), at: time, fact: unread });

export const assignedShape = z.object({ volunteer, source, slot: count, slots: count, rows });
export const acceptedShape = z.object({
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
  body: count.optional(),
  norm: z.number(),
  numbers: hash.nullable(),
  seniority: count.min(1),
  passed: z.object({ sentBytes: count, receivedBytes: count }).optional(),
  carriesFrom: count.nullable(),
});
export const closeReason = z.enum(["all", "quorum", "deadline", "admin"]);
export const heldShape = z.object({ body: count, sources: z.array(source) });
export const dropReason = z.enum(["missing", "damaged"]);
export const endReason = z.enum(["rounds", "admin"]);
export const parametersShape = z.object({ theta: count, phi: z.record(z.string(), count), psi: count });

/** Every fact of today's form but the manifest in it, which protocol checks. */
export const factShape = z.discriminatedUnion("kind", [
  z.object({
    kind: z.literal("created"),
    schema: count,
    homebody: z.string(),
    manifest: unread,
    parameters: parametersShape,
    sections,
  }),
  z.object({
    kind: z.literal("opened"),
    round: count,
    assigned: z.array(assignedShape),
    localSteps: count,
    stepsBefore: count,
    totalSteps: count,
    deadline: time,
  }),
  acceptedShape,
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
    reason: closeReason,
    averaged: z.array(volunteer),
    quarantined: z.array(volunteer).optional(),
  }),
  z.object({
    kind: z.literal("reviewed"),
    round: count,
    volunteer,
    source,
    reviewer: volunteer,
    natsWithout: z.number(),
    natsWith: z.number(),
    bytes: count,
    harmful: z.boolean(),
  }),
  z.object({
    kind: z.literal("quarantined"),
    volunteer,
    source,
    round: count,
    reviewers: z.array(volunteer),
  }),
  z.object({ kind: z.literal("cleared"), volunteer, source, round: count, reviewer: volunteer }),
  z.object({ kind: z.literal("dropped"), round: count, volunteer, reason: dropReason }),
  z.object({
    kind: z.literal("published"),
    round: count,
    sections,
    outer: z.array(sectionFile),
    steps: z.array(stepFile).optional(),
    cosines: z.array(z.object({ volunteer, cosine: z.number(), others: z.number().nullable() })),
    clipped: z.array(z.object({ volunteer, kept: z.number() })),
    meanNorm: z.number(),
    servedBytes: count,
  }),
  z.object({ kind: z.literal("lapsed"), round: count }),
  z.object({ kind: z.literal("left"), volunteer }),
  z.object({ kind: z.literal("held"), body: count, sources: z.array(source) }),
  z.object({
    kind: z.literal("undone"),
    round: count,
    to: count,
    without: z.array(volunteer),
    averaged: z.array(volunteer),
  }),
  z.object({
    kind: z.literal("invited"),
    source,
    codes: z.array(z.object({ sha256: hash, uses: count.min(1) })).min(1),
  }),
  z.object({ kind: z.literal("admitted"), volunteer, source, code: hash.nullable() }),
  z.object({ kind: z.literal("ending") }),
  z.object({ kind: z.literal("evaluating"), expected: z.array(volunteer), deadline: time }),
  z.object({ kind: z.literal("finished"), reason: endReason }),
  z.object({ kind: z.literal("restarted"), deadline: time.nullable() }),
  z.object({
    kind: z.literal("source-added"),
    schema: count,
    source: unread,
    phi: count,
    sections: z.array(sectionFile),
  }),
  z.object({ kind: z.literal("changed"), schema: count, manifest: unread }),
  z.object({ kind: z.literal("reopened") }),
  z.object({ kind: z.literal("paused") }),
  z.object({ kind: z.literal("resumed"), deadline: time.nullable() }),
  z.object({ kind: z.literal("removed"), volunteer }),
  z.object({ kind: z.literal("restored"), volunteer }),
]);
