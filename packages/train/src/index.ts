// The engine as a volunteer uses it: start a backend, make a trainer, step, evaluate, sample.

export {
  type BackendName,
  type StartedBackend,
  type StartOptions,
  startBackend,
  type TuningMemory,
} from "./backend.ts";
export { deviceFailure } from "./device-errors.ts";
export { DeviceLostError, EngineError, NotFiniteError } from "./errors.ts";
export type { Helper } from "./helper.ts";
export {
  largestDepth,
  type MemoryLimits,
  type MemoryPlan,
  planMemory,
  tooLarge,
  trainingMemory,
} from "./memory.ts";
export { selfTest } from "./self-test.ts";
export {
  createTrainer,
  type Moments,
  type SampleOptions,
  type StepResult,
  type Trainer,
  type TrainerOptions,
} from "./trainer.ts";
