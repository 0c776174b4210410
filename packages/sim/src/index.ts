// Whole runs in one process and in virtual time, for tests, and for hosts who want to see one before they have it.

export { type Attack, type AttackName, attacking, attacks } from "./attacks.ts";
export { type Conditions, defaultConditions, quietConditions } from "./conditions.ts";
export type { MemberInputs } from "./member.ts";
export {
  type Member,
  type Outcome,
  type Simulation,
  type SimulationOptions,
  simulate,
  startSimulation,
} from "./simulate.ts";
export { type Texts, textsOf } from "./texts.ts";
