// A run's state as plain data, for its snapshot.

import { type Check, checked, checkManifest, checkSource } from "@homebody/protocol";
import { z } from "zod";
import {
  acceptedShape,
  assignedShape,
  closeReason,
  count,
  endReason,
  hash,
  heldShape,
  sectionFile,
  sections,
  source,
  stepFile,
  time,
  unread,
  volunteer,
} from "./fact-shapes.ts";
import type { Phase, RunState } from "./state.ts";

const beginning = { sections, outer: z.array(sectionFile) };
const phaseShape = z.discriminatedUnion("kind", [
  z.object({ kind: z.literal("gathering"), round: count }),
  z.object({
    kind: z.literal("training"),
    round: count,
    assigned: z.array(assignedShape),
    pending: z.array(volunteer),
    accepted: z.array(acceptedShape),
    localSteps: count,
    stepsBefore: count,
    totalSteps: count,
    deadline: time,
    quorumAt: time.nullable(),
  }),
  z.object({
    kind: z.literal("closing"),
    round: count,
    reason: closeReason.or(z.literal("undo")),
    stepsBefore: count,
    from: z.object(beginning),
    accepted: z.array(acceptedShape),
    averaged: z.array(volunteer),
    beside: z.array(acceptedShape),
  }),
  z.object({ kind: z.literal("evaluating"), pending: z.array(volunteer), deadline: time }),
  z.object({ kind: z.literal("finished"), reason: endReason }),
]);

const standing = z.object({
  source,
  counted: count,
  missed: count,
  scoredBytes: count.nullable(),
  deliveredRound: count.nullable(),
  round: count,
});

const review = z.object({
  ...{ round: count, source, volunteer, delta: hash, sizeBytes: count, from: hash },
  share: z.number(),
});
const harm = z.object({ by: z.array(volunteer), quarantined: z.boolean(), round: count });

const shape = z.object({
  manifest: unread,
  joining: z.array(z.object({ source: unread, sections: z.array(sectionFile) })),
  phase: phaseShape,
  paused: z.boolean(),
  pausedAt: time.nullable(),
  ending: z.boolean(),
  body: z.object({
    number: count,
    id: hash,
    sections,
    steps: z.array(stepFile.extend({ body: count })).optional(),
  }),
  outer: z.array(sectionFile),
  past: z.array(
    z.object({
      number: count,
      ...beginning,
      made: z.object({ from: z.object(beginning), deltas: z.array(acceptedShape) }).nullable(),
    }),
  ),
  held: heldShape.nullable(),
  scores: z.array(
    z.tuple([volunteer, z.object({ source, body: count, best: z.number(), isWorse: z.boolean() })]),
  ),
  reviews: z.array(z.tuple([volunteer, review])),
  harms: z.array(z.tuple([volunteer, harm])),
  backAt: count,
  stepsDone: count,
  longestSchedule: count,
  dropped: z.array(volunteer),
  lapses: count,
  openedAt: time.nullable(),
  lastAssigned: z.array(volunteer),
  standings: z.array(z.tuple([volunteer, standing])),
  lateNumbers: z.array(z.tuple([hash, count])),
  removed: z.array(volunteer),
  openCodes: z.array(z.tuple([hash, z.object({ source, uses: count.min(1) })])),
  admitted: z.array(z.tuple([volunteer, z.array(z.object({ source, code: hash.nullable() }))])),
  contributors: z.array(volunteer),
  evaluated: z.array(volunteer),
  lastAt: time,
});

type StoredState = z.output<typeof shape>;
const check: Check<StoredState> = checked(shape, "state");

/** Of this moment: it does not change with the state. */
export function writeState(state: RunState): unknown {
  return {
    ...state,
    phase: writePhase(state.phase),
    scores: [...state.scores],
    reviews: [...state.reviews],
    harms: [...state.harms],
    dropped: [...state.dropped],
    lastAssigned: [...state.lastAssigned],
    standings: [...state.standings],
    lateNumbers: [...state.lateNumbers],
    removed: [...state.removed],
    openCodes: [...state.openCodes],
    admitted: [...state.admitted],
    contributors: [...state.contributors],
    evaluated: [...state.evaluated],
  };
}

function writePhase(phase: Phase): unknown {
  switch (phase.kind) {
    case "training":
      return {
        ...phase,
        assigned: [...phase.assigned.values()],
        pending: [...phase.pending],
        accepted: [...phase.accepted.values()],
      };
    case "evaluating":
      return { ...phase, pending: [...phase.pending] };
    default:
      return { ...phase };
  }
}

/** Throws an InputError that names the field. */
export function readState(value: unknown, where = "state"): RunState {
  const stored = check(value, where);
  const state = {
    ...stored,
    manifest: checkManifest(stored.manifest, `${where}.manifest`),
    joining: stored.joining.map((one, i) => ({
      ...one,
      source: checkSource(one.source, `${where}.joining.${i}.source`),
    })),
    phase: readPhase(stored.phase),
    scores: new Map(stored.scores),
    reviews: new Map(stored.reviews),
    harms: new Map(stored.harms),
    dropped: new Set(stored.dropped),
    lastAssigned: new Set(stored.lastAssigned),
    standings: new Map(stored.standings),
    lateNumbers: new Map(stored.lateNumbers),
    removed: new Set(stored.removed),
    openCodes: new Map(stored.openCodes),
    admitted: new Map(stored.admitted),
    contributors: new Set(stored.contributors),
    evaluated: new Set(stored.evaluated),
  };
  return state as unknown as RunState;
}

function readPhase(phase: StoredState["phase"]): unknown {
  switch (phase.kind) {
    case "training":
      return {
        ...phase,
        assigned: new Map(phase.assigned.map((one) => [one.volunteer, one])),
        pending: new Set(phase.pending),
        accepted: new Map(phase.accepted.map((one) => [one.volunteer, one])),
      };
    case "evaluating":
      return { ...phase, pending: new Set(phase.pending) };
    default:
      return phase;
  }
}
