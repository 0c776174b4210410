// DEPT's own rules: what travels, what that saves, and the learning rate of a run.

export { type LearningRateSettings, learningRate } from "./schedule.ts";
export { type GroupCounts, sentPerStep, wouldHaveSent } from "./traffic.ts";
export { type Group, travels, type Variant } from "./variants.ts";
