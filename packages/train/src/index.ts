// The engine as a volunteer uses it: start a backend, make a trainer, step and evaluate; make a predictor, and sample.

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
  requireMemory,
  tooLarge,
  trainingMemory,
} from "./memory.ts";
export type { Optimiser } from "./plans.ts";
export { predictionMemory, tooLargeToPredict } from "./prediction.ts";
export { type Cache, createPredictor, type Predictor } from "./predictor.ts";
export { type Rates, ratesOf } from "./rates.ts";
export { type Choice, pick, type SampleOptions, sample } from "./sample.ts";
export { selfTest } from "./self-test.ts";
export {
  createTrainer,
  type GroupSteps,
  loadFirst,
  type Moments,
  type StepResult,
  type Trainer,
  type TrainerOptions,
} from "./trainer.ts";
