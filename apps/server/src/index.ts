// The coordinator as a server. `homebody serve` is a thin shell around createServer.

export { type AddedSource, type AddSourceOptions, addSource } from "./add-source.ts";
export { adminTokenPath } from "./admin.ts";
export { faultsFromEnvironment } from "./faults.ts";
export { RunMismatch } from "./open-run.ts";
export { type LoadedRunFile, loadRunFile, parseRunFile, RunFileError } from "./run-file.ts";
export { withoutSecureContext } from "./secure-context.ts";
export { createServer, type RunningServer, type ServerOptions, stderrLog } from "./server.ts";
