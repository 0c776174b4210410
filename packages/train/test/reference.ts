// The optimisers in float64, written from the papers, for tests: AdamW (Loshchilov and Hutter 2019, algorithm 2) and, for
// the body's matrices, Muon (Jordan et al. 2024; Liu et al. 2025, arXiv 2502.16982), over tensors by name, with a learning
// rate and a count of steps for each group. GPT-2's c_attn is taken as q, k and v side by side.

import type { NamedTensors } from "@homebody/base";
import { type Group, type ModelConfig, parametersOf } from "@homebody/model";

export interface ReferenceSettings {
  readonly betas: readonly [number, number];
  readonly epsilon: number;
  readonly weightDecay: number;
  readonly clip: number;
  readonly optimiser?: { readonly kind: "adamw" } | { readonly kind: "muon"; readonly momentum: number };
}

export type ReferenceRates = Readonly<Record<Group, number | null>>;

interface State {
  readonly group: Group;
  readonly shape: readonly number[];
  readonly value: Float64Array;
  readonly first: Float64Array;
  readonly second: Float64Array;
}

export class ReferenceOptimiser {
  readonly states = new Map<string, State>();
  readonly #settings: ReferenceSettings;
  readonly #steps: Record<Group, number> = { theta: 0, phi: 0, psi: 0 };

  constructor(config: ModelConfig, settings: ReferenceSettings, values: readonly NamedTensors[]) {
    this.#settings = settings;
    const numbers = new Map(values.flatMap((tensors) => [...byName(tensors)]));
    for (const { name, group, shape } of parametersOf(config)) {
      const value = Float64Array.from(numbers.get(name)!);
      const zeros = () => new Float64Array(value.length);
      this.states.set(name, { group, shape, value, first: zeros(), second: zeros() });
    }
  }

  /** The norm of the gradients of what moves, before clipping. */
  step(gradients: NamedTensors, rates: ReferenceRates): number {
    const given = byName(gradients);
    const moving = [...this.states].filter(([, { group }]) => rates[group] !== null);
    const norm = Math.sqrt(
      moving.reduce((sum, [name]) => given.get(name)!.reduce((sum, g) => sum + g * g, sum), 0),
    );
    const scale = Math.min(1, this.#settings.clip / norm);
    for (const group of new Set(moving.map(([, state]) => state.group))) this.#steps[group] += 1;
    for (const [name, state] of moving) {
      const gradient = Float64Array.from(given.get(name)!, (g) => scale * g);
      const rate = rates[state.group]!;
      const { optimiser } = this.#settings;
      if (optimiser?.kind === "muon" && state.group === "theta" && state.shape.length === 2)
        this.#muon(state, gradient, rate, { thirds: name.includes("c_attn"), mu: optimiser.momentum });
      else this.#adamw(state, gradient, rate);
    }
    return norm;
  }

  #muon(
    { shape, value, first }: State,
    gradient: Float64Array,
    rate: number,
    { thirds, mu }: { thirds: boolean; mu: number },
  ): void {
    const [rows, columns] = shape as [number, number];
    const nesterov = gradient.map((g, i) => {
      first[i] = mu * first[i]! + g;
      return g + mu * first[i]!;
    });
    const width = thirds ? columns / 3 : columns;
    for (let left = 0; left < columns; left += width) {
      const block = matrix(rows, width, (i, j) => nesterov[i * columns + left + j]!);
      const turned = halfOrthogonal(block);
      const scale = 0.2 * Math.sqrt(Math.max(rows, width));
      for (let i = 0; i < rows; i++)
        for (let j = 0; j < width; j++) {
          const at = i * columns + left + j;
          value[at] = value[at]! - rate * (scale * turned[i]![j]! + this.#settings.weightDecay * value[at]!);
        }
    }
  }

  #adamw({ group, shape, value, first, second }: State, gradient: Float64Array, rate: number): void {
    const { betas, epsilon, weightDecay } = this.#settings;
    const [b1, b2] = betas;
    const t = this.#steps[group];
    const decay = shape.length === 2 ? weightDecay : 0;
    gradient.forEach((g, i) => {
      first[i] = b1 * first[i]! + (1 - b1) * g;
      second[i] = b2 * second[i]! + (1 - b2) * g * g;
      const mean = first[i]! / (1 - b1 ** t);
      const square = second[i]! / (1 - b2 ** t);
      value[i] = value[i]! - rate * (mean / (Math.sqrt(square) + epsilon) + decay * value[i]!);
    });
  }
}

type Matrix = readonly (readonly number[])[];

const matrix = (rows: number, columns: number, of: (i: number, j: number) => number): Matrix =>
  Array.from({ length: rows }, (_, i) => Array.from({ length: columns }, (_, j) => of(i, j)));

const transposed = (x: Matrix): Matrix => matrix(x[0]!.length, x.length, (i, j) => x[j]![i]!);

const product = (a: Matrix, b: Matrix): Matrix =>
  matrix(a.length, b[0]!.length, (i, j) => a[i]!.reduce((sum, x, k) => sum + x * b[k]![j]!, 0));

/** Five iterations of X <- a X + b (X Xᵀ) X + c (X Xᵀ)² X from X over its Frobenius norm. */
export function halfOrthogonal(x: Matrix): Matrix {
  if (x.length > x[0]!.length) return transposed(halfOrthogonal(transposed(x)));
  const norm = Math.hypot(...x.flat()) + 1e-7;
  let y: Matrix = x.map((row) => row.map((number) => number / norm));
  for (let i = 0; i < 5; i++) {
    const gram = product(y, transposed(y));
    const [linear, cubic] = [y, product(gram, y)];
    const quintic = product(gram, cubic);
    y = y.map((row, r) =>
      row.map((_, c) => 3.4445 * linear[r]![c]! - 4.775 * cubic[r]![c]! + 2.0315 * quintic[r]![c]!),
    );
  }
  return y;
}

export function byName({ layout, data }: NamedTensors): ReadonlyMap<string, Float32Array> {
  return new Map(
    layout.slots.map(({ name, offset, size }) => [name, data.subarray(offset, offset + size)] as const),
  );
}
