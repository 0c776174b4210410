// The wire: messages, refusals, the run file. Rules are numbered in ../RULES.md.

export * from "./answers.ts";
export * from "./body.ts";
export * from "./check.ts";
export * from "./downloads.ts";
export { sectionName } from "./fields.ts";
export * from "./identity.ts";
export {
  codeBytes,
  hashOfCode,
  type Invitation,
  invitationIn,
  isCode,
  linkOf,
} from "./invitation.ts";
export * from "./manifest.ts";
export * from "./messages.ts";
export * from "./refusals.ts";
export * from "./run-file.ts";
export {
  admissions,
  keysAt,
  mostSources,
  runFileShape,
  type SourceOfFile,
  schemaVersion,
} from "./run-file-shape.ts";
export * from "./samples.ts";
export * from "./stored-run.ts";
export * from "./version.ts";
