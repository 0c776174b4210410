// The learning rate: a function of the run's own step count, one schedule over the whole run. A source that joins late
// has no warm-up of its own (DEPT sets each worker's counter to the server's).

export interface LearningRateSettings {
  readonly peak: number;
  readonly schedule: "cosine" | "constant";
  /** Steps of linear warm-up; step 0 trains at peak / warmupSteps. */
  readonly warmupSteps: number;
  /** Where the cosine ends, as a fraction of the peak. */
  readonly finalFraction: number;
}

/** For a step counted from 0; beyond the last step the end of the schedule holds. */
export function learningRate(settings: LearningRateSettings, step: number, totalSteps: number): number {
  const { peak, schedule, warmupSteps, finalFraction } = settings;
  if (step < warmupSteps) return (peak * (step + 1)) / warmupSteps;
  if (schedule === "constant") return peak;
  const done = Math.min(1, (step - warmupSteps) / Math.max(1, totalSteps - warmupSteps));
  return peak * (finalFraction + ((1 - finalFraction) * (1 + Math.cos(Math.PI * done))) / 2);
}
