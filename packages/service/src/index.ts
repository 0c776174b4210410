// The coordinator as a service over ports: clock, lines, journal, blobs, spool. What happens to a run is decided in
// packages/coordinator; here it is carried out, on whatever machine the ports are of.

export { putFirst } from "./closing/section-files.ts";
export { type DeclaredRows, rowsOf } from "./exchanges.ts";
export { existing } from "./existing.ts";
export { type FaultPoint, type Faults, faultPoints } from "./faults.ts";
export type { Inbox } from "./inbox/inbox.ts";
export type { Sender } from "./inbox/uploads.ts";
export {
  type Bucket,
  bucket,
  buckets,
  counters,
  defaultLimits,
  type Limits,
} from "./lines/limits.ts";
export { type People, people } from "./lines/presence.ts";
export type { Actor } from "./run/actor.ts";
export { type BeginInputs, beginRun, type OpenedRun, readJournal } from "./run/open-run.ts";
export { type Coordinator, type CoordinatorInputs, openCoordinator } from "./service.ts";
