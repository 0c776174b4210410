// The coordinator as a service over ports: clock, lines, journal, blobs, spool. What happens to a run is decided in
// packages/coordinator; here it is carried out, on whatever machine the ports are of.

export { type Averaging, type AveragingInputs, average, type Published } from "./closing/averaging.ts";
export { putFirst } from "./closing/section-files.ts";
export { deviceExchanges } from "./exchanges.ts";
export { existing } from "./existing.ts";
export { type FaultPoint, type Faults, faultPoints } from "./faults.ts";
export { contentsOf, type Measured, type Measuring, measurer } from "./inbox/contents.ts";
export { type Bucket, bucket, buckets, counters, defaultLimits, type Limits } from "./lines/limits.ts";
export { LostBlobs } from "./losses/losses.ts";
export { type Verified, type VerifyInputs, verifyRun } from "./losses/verify.ts";
export type { Notices } from "./notices.ts";
export { type Coordinator, type CoordinatorInputs, openCoordinator } from "./run/coordinator.ts";
export { journalLines } from "./run/journal-lines.ts";
export { type BeginInputs, beginRun, foldJournal, pagesOf, resumeRun } from "./run/open-run.ts";
export { keepSnapshots, type SnapshotInputs, type SnapshotKeeper } from "./run/snapshots.ts";
export { storedPages } from "./run/stored-pages.ts";
export { type Counts, openService, type Service, type ServiceInputs } from "./service.ts";
