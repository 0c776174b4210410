// The pure machine of a run: decide(state, command, now) -> facts | refusal; evolve(state, entry) -> the state after it.

export { type Admission, type Arrival, admit, type Entrant } from "./admission.ts";
export type { Command } from "./commands.ts";
export { createdFact, createdManifest } from "./created.ts";
export {
  type Accept,
  acceptTogether,
  assignedTo,
  type Decision,
  decide,
  endsBy,
  mayAccept,
  mayJoin,
} from "./decide.ts";
export { bodiesKept, type DiskNeed, diskInWords, diskNeeded } from "./disk.ts";
export { type Aggregation, aggregationOf, announcementFor, isAnnounced, nextTimer } from "./effects.ts";
export { bodyRef, evolve, replay } from "./evolve.ts";
export * from "./facts.ts";
export * from "./figures.ts";
export { type FiguresFold, figuresOf, foldFigures, resumeFigures } from "./figures-fold.ts";
export { withJoining } from "./joining.ts";
export { type Named, namesOf } from "./names.ts";
export { readEntry } from "./read-entry.ts";
export {
  type BlobKind,
  isKeptForGood,
  keepsBody,
  keptBy,
  type Retention,
  retention,
  type Use,
  usesOf,
} from "./retention.ts";
export { isQuarantined, isUnderReview } from "./reviews.ts";
export { foldRun, followRun, type RunFold } from "./run-fold.ts";
export { entryHash, type ReadSnapshot, readSnapshot, snapshotOf, snapshotSchema } from "./snapshot.ts";
export { carriesFrom } from "./standings.ts";
export * from "./state.ts";
export { readFigures, writeFigures } from "./stored-figures.ts";
export { sourcesInRound } from "./tick.ts";
export type { UndoAct } from "./undo.ts";
