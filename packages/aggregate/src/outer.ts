// The outer step: from the numbers of a section and the mean of a round's deltas to the next numbers.
//
// An outer optimiser is a pure function over named tensors; what it remembers from round to round are named tensors of
// its own, which begin as zeros. Deltas are new minus old, so plain averaging adds the mean (DEPT, algorithm 1).
// Arithmetic is float64 in each number, rounded once to float32.

import { InputError, type NamedTensors, namedTensors, type TensorLayout, tensorLayout } from "@homebody/base";
import { type Mean, rowsOf } from "./mean.ts";

export type OuterSettings =
  | { readonly kind: "averaging" }
  | { readonly kind: "nesterov"; readonly lr: number; readonly momentum: number }
  | {
      readonly kind: "adam";
      readonly lr: number;
      readonly betas: readonly [number, number];
      readonly epsilon: number;
    };

export interface OuterOptimiser {
  /** What it keeps of a section from round to round, by name; of size 0 where it keeps nothing. */
  stateLayout(layout: TensorLayout): TensorLayout;
  /** Leaves its arguments as they are. `state` is as `stateLayout` says. */
  update(state: NamedTensors, numbers: NamedTensors, mean: Float32Array): OuterStep;
}

export interface OuterStep {
  readonly numbers: NamedTensors;
  readonly state: NamedTensors;
}

export function outerOptimiser(settings: OuterSettings): OuterOptimiser {
  switch (settings.kind) {
    case "averaging":
      return averaging();
    case "nesterov":
      return nesterov(settings);
    case "adam":
      return adam(settings);
    default:
      settings satisfies never;
      throw new InputError("outer.kind", "averaging, nesterov or adam", JSON.stringify(settings));
  }
}

/**
 * One step. Rows that nobody holds stay as they are, bit for bit, and so does what the optimiser keeps of them (its
 * tensors of the same shape as one of the section's).
 */
export function outerStep(
  optimiser: OuterOptimiser,
  state: NamedTensors,
  numbers: NamedTensors,
  mean: Mean,
): OuterStep {
  if (mean.numbers.length !== numbers.data.length)
    throw new InputError("outer step, mean", `${numbers.data.length} numbers`, `${mean.numbers.length}`);
  const next = optimiser.update(state, numbers, mean.numbers);
  if (mean.held === null) return next;
  const rows = rowsOf(numbers.layout);
  keepRows(numbers, next.numbers, mean.held, rows);
  keepRows(state, next.state, mean.held, rows);
  return next;
}

/** In place: rows that nobody holds are as they were before, in tensors that have the section's rows. */
export function keepRows(before: NamedTensors, after: NamedTensors, held: Uint8Array, rows: number): void {
  for (const { shape, offset, size } of before.layout.slots) {
    if (shape[0] !== rows) continue;
    const width = size / rows;
    for (let row = 0; row < rows; row++) {
      const at = offset + row * width;
      if (held[row] === 0) after.data.set(before.data.subarray(at, at + width), at);
    }
  }
}

/** The next numbers are the mean of the volunteers' own. */
export function averaging(): OuterOptimiser {
  return {
    stateLayout: () => tensorLayout([]),
    update(state, { layout, data }, mean) {
      const next = namedTensors(layout);
      for (let i = 0; i < data.length; i++) next.data[i] = data[i]! + mean[i]!;
      return { numbers: next, state };
    },
  };
}

/**
 * Nesterov momentum on the pseudo-gradient g = -mean, as in DiLoCo (2311.08105): m <- momentum m + g, then
 * numbers <- numbers - lr (g + momentum m). The state is m, as `momentum/<tensor>`.
 */
export function nesterov(settings: { readonly lr: number; readonly momentum: number }): OuterOptimiser {
  const { lr, momentum } = settings;
  return {
    stateLayout: ({ slots }) =>
      tensorLayout(slots.map(({ name, shape }) => ({ name: `momentum/${name}`, shape }))),
    update(state, { layout, data }, mean) {
      if (state.data.length !== data.length)
        throw new InputError("outer step, momentum", `${data.length} numbers`, `${state.data.length}`);
      const next = namedTensors(layout);
      const velocity = namedTensors(state.layout);
      for (let i = 0; i < data.length; i++) {
        const gradient = -mean[i]!;
        const v = momentum * state.data[i]! + gradient;
        velocity.data[i] = v;
        next.data[i] = data[i]! - lr * (gradient + momentum * v);
      }
      return { numbers: next, state: velocity };
    },
  };
}

/**
 * FedAdam (Reddi et al., "Adaptive federated optimization", 2003.00295, algorithm 2, without correction of the bias, as
 * there): m <- b1 m + (1 - b1) mean, v <- b2 v + (1 - b2) mean^2, numbers <- numbers + lr m / (sqrt(v) + epsilon); both begin
 * as zeros. The state is m as `first/<tensor>` and v as `second/<tensor>`.
 */
export function adam(settings: {
  readonly lr: number;
  readonly betas: readonly [number, number];
  readonly epsilon: number;
}): OuterOptimiser {
  const { lr, betas, epsilon } = settings;
  const [beta1, beta2] = betas;
  return {
    stateLayout: ({ slots }) =>
      tensorLayout(
        ["first", "second"].flatMap((moment) =>
          slots.map(({ name, shape }) => ({ name: `${moment}/${name}`, shape })),
        ),
      ),
    update(state, { layout, data }, mean) {
      const size = data.length;
      if (state.data.length !== 2 * size)
        throw new InputError("outer step, moments", `${2 * size} numbers`, `${state.data.length}`);
      const next = namedTensors(layout);
      const kept = namedTensors(state.layout);
      for (let i = 0; i < size; i++) {
        const first = beta1 * state.data[i]! + (1 - beta1) * mean[i]!;
        const second = beta2 * state.data[size + i]! + (1 - beta2) * mean[i]! ** 2;
        kept.data[i] = first;
        kept.data[size + i] = second;
        next.data[i] = data[i]! + (lr * first) / (Math.sqrt(second) + epsilon);
      }
      return { numbers: next, state: kept };
    },
  };
}
