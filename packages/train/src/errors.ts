// What may go wrong in training, for those who decide what happens next.

/** The loss or the gradient is not finite: parameters are as they were before the step. */
export class NotFiniteError extends Error {
  constructor(what: string, got: number) {
    super(`training step: expected a finite ${what}, got ${got}`);
    this.name = "NotFiniteError";
  }
}

/** The backend failed: a refused dispatch, a backend that does not start. What the step computed is not to be trusted. */
export class EngineError extends Error {
  constructor(message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = "EngineError";
  }
}

/** The device is gone (driver reset, sleep, out of memory), and all that was on it: another has to be started. */
export class DeviceLostError extends EngineError {
  constructor(message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = "DeviceLostError";
  }
}
