// A volunteer: the session and its rules, the ports, and what works over them. Browser and Node have doors of their own,
// and so have the ports in memory.

export { breathing } from "./breathing.ts";
export { type BroughtFile, UnusableText } from "./brought.ts";
export { engineDevice } from "./device.ts";
export * from "./jobs.ts";
export { webNet } from "./net.ts";
export * from "./ports.ts";
export { prepareText } from "./prepare.ts";
export { createReplica, heldOutOptions, type Replica, type ReplicaInputs } from "./replica.ts";
export { heldText, rowsOfText } from "./rows.ts";
export * from "./session.ts";
export { storedNames } from "./stored-names.ts";
export { type Kept, type StoredDelta, type StoredState, storedState } from "./stored-state.ts";
export type { Text } from "./text-file.ts";
export { type Outcome, upload } from "./upload.ts";
export * from "./view.ts";
export { startVolunteer, type Volunteer, type VolunteerOptions } from "./volunteer.ts";
export type { LocalStep, Work } from "./work.ts";
