// What may go wrong in training, for those who decide what happens next.

/** The loss or the gradient is not finite: parameters are as they were before the step. */
export class NotFiniteError extends Error {
  constructor(what: string, got: number) {
    super(`training step: expected a finite ${what}, got ${got}`);
    this.name = "NotFiniteError";
  }
}

/** The backend failed: a lost device, a refused dispatch. What the step computed is not to be trusted. */
export class EngineError extends Error {
  constructor(message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = "EngineError";
  }
}
