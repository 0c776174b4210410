// Figures as plain data: what a watcher is given first, and what a snapshot holds of them. They are small, however long the
// run; the longest lists are written by column, so that no name is repeated a thousand times.

import { type Check, checked, checkManifest, checkSource } from "@homebody/protocol";
import { z } from "zod";
import {
  closeReason,
  count,
  hash,
  heldShape,
  parametersShape,
  sectionFile,
  sections,
  source,
  time,
  unread,
  volunteer,
} from "./fact-shapes.ts";
import type { Figures } from "./figures.ts";

const amount = z.number();

const bodyRow = { number: count, id: hash, sections, at: time };
const scoreRow = {
  body: count,
  bitsPerByte: amount,
  bytes: count,
  volunteers: count,
  at: time,
  shares: z.array(z.object({ volunteer, nats: amount, bytes: count })),
};
const deltaRow = {
  round: count,
  volunteer,
  source,
  norm: amount,
  cosine: amount.nullable(),
  others: amount.nullable(),
  kept: amount,
  quarantined: z.boolean(),
  review: z.object({ reviewer: volunteer, change: amount, harmful: z.boolean() }).nullable(),
  sizeBytes: count,
  loss: amount,
  steps: count,
  tokens: count,
  staleness: count,
  at: time,
};
const roundRow = {
  round: count,
  openedAt: time,
  closedAt: time.nullable(),
  publishedAt: time.nullable(),
  reason: closeReason.or(z.literal("undo")).nullable(),
  assigned: z.array(volunteer),
  averaged: z.array(volunteer),
  meanNorm: amount.nullable(),
};

const shape = z.object({
  run: hash,
  manifest: unread,
  name: z.string(),
  description: z.string(),
  host: z.string(),
  createdAt: time,
  seq: count.min(1),
  at: time,
  phase: z.enum(["gathering", "training", "closing", "evaluating", "finished"]),
  round: count,
  published: count,
  rounds: count,
  deadline: time.nullable(),
  paused: z.boolean(),
  held: heldShape.nullable(),
  ending: z.boolean(),
  finished: z.boolean(),
  end: z
    .object({ at: time, reason: z.enum(["rounds", "admin"]) })
    .nullable()
    .default(null),
  parameters: parametersShape,
  travelling: count,
  sources: z.array(
    z.object({
      id: source,
      title: z.string(),
      language: z.string(),
      vocabulary: count,
      sinceBody: count.nullable(),
    }),
  ),
  joining: z.array(z.object({ source: unread, sections: z.array(sectionFile) })),
  bodies: columns(bodyRow).refine((list) => list.length > 0, "at least one"),
  scores: z.record(z.string(), columns(scoreRow)),
  tokens: count,
  steps: count,
  learntFrom: z.array(source),
  deltas: columns(deltaRow),
  roundList: columns(roundRow),
  traffic: z.object({
    deltaBytes: count,
    sectionBytes: z.object({ theta: count, phi: count, psi: count }),
    bodyBytes: count,
    // A coordinator of before does not say these.
    sentBytes: count.default(0),
    receivedBytes: count.default(0),
    wouldHaveSentBytes: count,
    globBytes: count.default(0),
    specBytes: count.default(0),
  }),
  removed: z.array(volunteer),
  quarantined: z.array(volunteer),
  admissions: z.record(z.string(), z.object({ invited: count, admitted: count })),
});

const check: Check<z.output<typeof shape>> = checked(shape, "figures");

/** As they are sent and stored. */
export function writeFigures({ bodies, scores, deltas, roundList, ...rest }: Figures): unknown {
  return {
    ...rest,
    bodies: byColumn(bodyRow, bodies),
    scores: Object.fromEntries(Object.entries(scores).map(([id, list]) => [id, byColumn(scoreRow, list)])),
    deltas: byColumn(deltaRow, deltas),
    roundList: byColumn(roundRow, roundList),
  };
}

/** Throws an InputError that names the field. */
export function readFigures(value: unknown, where = "figures"): Figures {
  const figures = check(value, where);
  const manifest = checkManifest(figures.manifest, `${where}.manifest`);
  const joining = figures.joining.map((one, i) => ({
    ...one,
    source: checkSource(one.source, `${where}.joining.${i}.source`),
  }));
  return { ...figures, manifest, joining } as unknown as Figures;
}

type Row = Readonly<Record<string, z.ZodType>>;

function byColumn(row: Row, list: readonly object[]): unknown {
  const keys = Object.keys(row);
  return Object.fromEntries(
    keys.map((key) => [key, list.map((one) => (one as Readonly<Record<string, unknown>>)[key])]),
  );
}

/** A list that is written by column: read, it is a list of rows. */
function columns<T extends Row>(row: T) {
  const keys = Object.keys(row);
  return z
    .object(Object.fromEntries(keys.map((key) => [key, z.array(row[key]!)])))
    .refine(
      (all) => new Set(Object.values(all).map(({ length }) => length)).size === 1,
      "columns of one length",
    )
    .transform((all) =>
      all[keys[0]!]!.map((_, i) => Object.fromEntries(keys.map((key) => [key, all[key]![i]]))),
    );
}
