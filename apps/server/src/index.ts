// The coordinator as a server. `homebody serve` is a thin shell around createServer.

export { adminTokenPath } from "./admin.ts";
export { type AveragingParts, average, type Published, readBody } from "./averaging.ts";
export { bodyLayout, configOf, firstBody, largestNorm, parameterCounts } from "./body.ts";
export { type FaultPoint, type Faults, faultPoints, faultsFromEnvironment } from "./faults.ts";
export { defaultLimits, type Limits } from "./limits.ts";
export { RunMismatch, readJournal } from "./open-run.ts";
export { type LoadedRunFile, loadRunFile, parseRunFile, RunFileError } from "./run-file.ts";
export { withoutSecureContext } from "./secure-context.ts";
export { createServer, type RunningServer, type ServerOptions, stderrLog } from "./server.ts";
