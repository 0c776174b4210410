// A device in memory: its trainer is small and computes little, but it is a trainer. Parameters move, moments exist, a
// step takes time, and the same values, moments and batch give the same step.
//
// The loss is half the mean square of (parameter - m), where m is the mark that a batch has by its tokens;
// AdamW without decay moves parameters by its gradient, (parameter - m), unscaled.

import { InputError, type NamedTensors, namedTensors, oneByOne, type TensorLayout } from "@homebody/base";
import { dimensions, type ModelConfig } from "@homebody/model/config";
import { type Group, groupLayout, groups } from "@homebody/model/parameters";
import type { Batch } from "@homebody/text";
import {
  type Cache,
  DeviceLostError,
  type Moments,
  NotFiniteError,
  type Predictor,
  type Rates,
  ratesOf,
  type TrainerOptions,
} from "@homebody/train";
import type { Clock, Device, DeviceTrainer } from "../ports.ts";
import { layoutOfMoments } from "../stored-state.ts";
import { markOf, tokensOf } from "./marks.ts";

export interface MemoryDevice extends Device {
  /** The next step fails so. A device that is lost stays so until it is started again. */
  fail(how: "lost" | "not-finite"): void;
  /** Steps that moved parameters, of all trainers. */
  steps(): number;
  /** How often it was started. */
  starts(): number;
}

export interface MemoryDeviceOptions {
  readonly stepMs?: number;
  readonly evaluateMs?: number;
  /** Of whatever a predictor reads at once. */
  readonly readMs?: number;
  /** Whether a step may be started before the last one's numbers are there. */
  readonly overlaps?: boolean;
}

export function memoryDevice(clock: Clock, options: MemoryDeviceOptions = {}): MemoryDevice {
  const { stepMs = 1000, evaluateMs = 100, readMs = 0, overlaps = false } = options;
  let failure: "lost" | "not-finite" | null = null;
  let started = false;
  let starts = 0;
  let steps = 0;
  /** Of the device that is there: what was made on one before is gone with it. */
  let generation = 0;

  function trainer({ config, betas, epsilon, clip: _ }: TrainerOptions): DeviceTrainer {
    const { vocabulary } = dimensions(config);
    const own = generation;
    const layouts = new Map<Group, TensorLayout>(groups.map((group) => [group, groupLayout(config, group)]));
    const everything = layoutOfMoments(config);
    const values = new Float32Array(everything.size);
    let moments: Moments = zeros(everything);
    const inTurn = oneByOne();

    function requireAlive(): void {
      if (own !== generation) throw new DeviceLostError("the device is gone");
    }

    function spanOf(group: Group): Float32Array {
      let start = 0;
      for (const [one, { size }] of layouts) {
        if (one === group) return values.subarray(start, start + size);
        start += size;
      }
      return values.subarray(0, 0);
    }

    function lossOf(batch: Batch): number {
      const mark = markOf(batch);
      return values.reduce((sum, value) => sum + (value - mark) ** 2 / 2, 0) / values.length;
    }

    async function step(batch: Batch, given: Rates) {
      requireAlive();
      const rates = ratesOf(given);
      await clock.sleep(stepMs);
      requireAlive();
      const how = failure;
      failure = null;
      if (how === "lost") {
        generation += 1;
        throw new DeviceLostError("the device is gone");
      }
      const tokens = tokensOf(batch, vocabulary);
      const loss = how === "not-finite" ? Number.NaN : lossOf(batch);
      if (!Number.isFinite(loss)) throw new NotFiniteError("loss", loss);
      const [b1, b2] = betas;
      const { first, second } = moments;
      const taken = { ...moments.steps };
      const mark = markOf(batch);
      let end = 0;
      for (const [group, { size }] of layouts) {
        const start = end;
        end += size;
        const rate = rates[group];
        if (rate === null || size === 0) continue;
        taken[group] += 1;
        for (let i = start; i < end; i++) {
          const gradient = values[i]! - mark;
          first.data[i] = b1 * first.data[i]! + (1 - b1) * gradient;
          second.data[i] = b2 * second.data[i]! + (1 - b2) * gradient ** 2;
          const mean = first.data[i]! / (1 - b1 ** taken[group]);
          const square = second.data[i]! / (1 - b2 ** taken[group]);
          values[i] = values[i]! - (rate * mean) / (Math.sqrt(square) + epsilon);
        }
      }
      moments = { first, second, steps: taken };
      steps += 1;
      return { loss, gradNorm: Math.sqrt(2 * loss * values.length), tokens };
    }

    return {
      config,
      overlaps,
      load: (group, { data }) => {
        const span = spanOf(group);
        if (data.length !== span.length)
          throw new InputError(group, `${span.length} numbers`, `${data.length}`);
        span.set(data);
      },
      read: (group) =>
        inTurn(async () => {
          requireAlive();
          return namedTensors(layouts.get(group)!, spanOf(group).slice());
        }),
      step: (batch, rates) => inTurn(() => step(batch, rates)),
      evaluate: (batch) =>
        inTurn(async () => {
          requireAlive();
          const tokens = tokensOf(batch, vocabulary);
          await clock.sleep(evaluateMs);
          const nats = tokens * lossOf(batch);
          if (!Number.isFinite(nats)) throw new NotFiniteError("loss", nats);
          return { nats, tokens };
        }),
      readMoments: () =>
        inTurn(async () => {
          requireAlive();
          return copyOf(moments);
        }),
      loadMoments: (given) => {
        moments = given === null ? zeros(everything) : copyOf(given);
      },
      dispose: () => {},
    };
  }

  /** What follows a token is one of the values' choice. */
  function predictor(config: ModelConfig): Predictor {
    const { vocabulary, context } = dimensions(config);
    const own = generation;
    const loaded = new Map<Group, Float32Array>();

    function cache(): Cache {
      let length = 0;
      return {
        capacity: context,
        get length() {
          return length;
        },
        read: async (tokens) => {
          if (own !== generation) throw new DeviceLostError("the device is gone");
          if (tokens.length === 0 || length + tokens.length > context)
            throw new InputError("cache: tokens", `from 1 to ${context - length}`, `${tokens.length}`);
          length += tokens.length;
          if (readMs > 0) await clock.sleep(readMs);
          const last = tokens.at(-1)!;
          const chosen = [...loaded.values()].reduce((sum, own) => sum + (own[last % own.length] ?? 0), 0);
          const next = (last + 1 + Math.floor(Math.abs(1000 * chosen))) % vocabulary;
          return new Float32Array(vocabulary).fill(100, next, next + 1);
        },
        rewind: (to) => {
          length = to;
        },
        dispose: () => {},
      };
    }

    return {
      config,
      load: (group, { data }) => void loaded.set(group, data.slice()),
      cache,
      dispose: () => {},
    };
  }

  return {
    start: async () => {
      if (!started) starts += 1;
      started = true;
      return {
        backend: "wasm",
        adapter: "memory",
        worstError: 0,
        limits: { bytes: 1e12, bufferBytes: 1e12 },
        tuning: null,
        fallback: null,
        threads: 1,
      };
    },
    lost: () => {
      started = false;
      generation += 1;
    },
    trainer,
    predictor,
    fail: (how) => {
      failure = how;
    },
    steps: () => steps,
    starts: () => starts,
  };
}

function zeros(layout: TensorLayout): Moments {
  return { steps: { theta: 0, phi: 0, psi: 0 }, first: namedTensors(layout), second: namedTensors(layout) };
}

function copyOf({ steps, first, second }: Moments): Moments {
  const copy = ({ layout, data }: NamedTensors) => namedTensors(layout, data.slice());
  return { steps, first: copy(first), second: copy(second) };
}
