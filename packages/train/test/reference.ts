// The optimiser in float64, written from the papers, for tests: AdamW (Loshchilov and Hutter 2019, algorithm 2) over
// tensors by name, with a learning rate and a count of steps for each group.

import type { NamedTensors } from "@homebody/base";
import { type Group, type ModelConfig, parametersOf } from "@homebody/model";

export interface ReferenceSettings {
  readonly betas: readonly [number, number];
  readonly epsilon: number;
  readonly weightDecay: number;
  readonly clip: number;
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
      this.#adamw(state, gradient, rates[state.group]!);
    }
    return norm;
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

export function byName({ layout, data }: NamedTensors): ReadonlyMap<string, Float32Array> {
  return new Map(
    layout.slots.map(({ name, offset, size }) => [name, data.subarray(offset, offset + size)] as const),
  );
}
