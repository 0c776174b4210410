// A volunteer: the session and its rules, the ports, and what works over them. Browser and Node have doors of their own.

export { systemClock } from "./clock.ts";
export { engineDevice } from "./device.ts";
export { memoryDisk } from "./memory/disk.ts";
export { webNet } from "./net.ts";
export * from "./ports.ts";
export type { BroughtFile } from "./prepare.ts";
export * from "./session.ts";
export * from "./view.ts";
export { startVolunteer, type Volunteer, type VolunteerOptions } from "./volunteer.ts";
