// The outer step: from a body and the mean of a round's deltas to the next body.
//
// An outer optimiser is a pair of pure functions over flat arrays; its state is one array of its own, empty where it
// needs none. Deltas are new minus old, so plain averaging adds the mean (DEPT, algorithm 1). Arithmetic is float64
// in each number, rounded once to float32.

import { InputError } from "@homebody/base";

export interface OuterOptimiser {
  /** The state before the first round. */
  init(size: number): Float32Array;
  /** Leaves its arguments as they are. */
  update(state: Float32Array, body: Float32Array, mean: Float32Array): OuterStep;
}

export interface OuterStep {
  readonly body: Float32Array;
  readonly state: Float32Array;
}

/** The next body is the mean of the volunteers' bodies. */
export function averaging(): OuterOptimiser {
  return {
    init: () => new Float32Array(0),
    update(state, body, mean) {
      requireSize("mean", mean, body.length);
      const next = new Float32Array(body.length);
      for (let i = 0; i < body.length; i++) next[i] = body[i]! + mean[i]!;
      return { body: next, state };
    },
  };
}

/**
 * Nesterov momentum on the pseudo-gradient g = -mean, as in DiLoCo (2311.08105): m <- momentum m + g, then
 * body <- body - lr (g + momentum m). The state is m.
 */
export function nesterov(settings: { readonly lr: number; readonly momentum: number }): OuterOptimiser {
  const { lr, momentum } = settings;
  return {
    init: (size) => new Float32Array(size),
    update(state, body, mean) {
      requireSize("mean", mean, body.length);
      requireSize("momentum", state, body.length);
      const next = new Float32Array(body.length);
      const velocity = new Float32Array(body.length);
      for (let i = 0; i < body.length; i++) {
        const gradient = -mean[i]!;
        const v = momentum * state[i]! + gradient;
        velocity[i] = v;
        next[i] = body[i]! - lr * (gradient + momentum * v);
      }
      return { body: next, state: velocity };
    },
  };
}

function requireSize(what: string, numbers: Float32Array, size: number): void {
  if (numbers.length !== size)
    throw new InputError(`outer step, ${what}`, `${size} numbers`, `${numbers.length}`);
}
