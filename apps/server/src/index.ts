// The coordinator as a server. `homebody serve` is a thin shell around createServer.

export { type AveragingThread, averagingThread } from "./closing/thread.ts";
export { faultsFromEnvironment } from "./faults.ts";
export { askAdminChannel, askApplicants, askStatus } from "./folder/admin-channel.ts";
export { adminTokenPath } from "./folder/admin-token.ts";
export { type BackedUp, type BackupOptions, backup } from "./folder/backup.ts";
export { type Migrated, type MigrateOptions, migrate, migrationPoints } from "./folder/migrate.ts";
export { modelFolder } from "./folder/model-folder.ts";
export { openFolder, type RunFolder } from "./folder/reading.ts";
export { type Restored, type RestoreOptions, restore } from "./folder/restore.ts";
export { stderrLog } from "./log.ts";
export { type AddedSource, type AddSourceOptions, addSource } from "./opening/add-source.ts";
export { RunMismatch } from "./opening/open-run.ts";
export { type LoadedRunFile, loadRunFile, parseRunFile, RunFileError } from "./opening/run-file.ts";
export { type RunStart, readStart } from "./opening/start.ts";
export { manifestServed } from "./opening/tokenizers.ts";
export { createServer, type RunningServer, type ServerOptions } from "./server.ts";
export { withoutSecureContext } from "./wire/secure-context.ts";
