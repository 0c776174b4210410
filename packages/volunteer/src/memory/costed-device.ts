// A device whose training is replaced by a cost model: it computes next to nothing, and its steps take virtual time.
//
// Instead of a model it has a bowl: the loss of a batch is half the mean square of (parameter - m), where m is the batch's mark, and a
// step goes down its slope, p = p - rate / 2 (p - m), by less than the rate as long as p is within (-1, 2): as AdamW would. So a step is one affine map of all parameters of a group, steps in a row
// are one map too, and the loss needs the sums of parameters and of their squares alone: a step costs nothing, whatever the
// size; loading and reading cost what they must. Moments are zeros, and there are no samples.

import { InputError, type NamedTensors, namedTensors, type TensorLayout } from "@homebody/base";
import { dimensions } from "@homebody/model/config";
import { type Group, groupLayout, groups } from "@homebody/model/parameters";
import { NotFiniteError, ratesOf, type TrainerOptions } from "@homebody/train";
import type { Clock, Device, DeviceStart, DeviceTrainer } from "../ports.ts";
import { layoutOfMoments } from "../stored-state.ts";
import { markOf, tokensOf } from "./marks.ts";

export interface DeviceTimes {
  readonly startMs: number;
  /** What the next step takes. */
  readonly stepMs: () => number;
  /** What the next batch takes that is evaluated. */
  readonly evaluateMs: () => number;
  /** Added to the mark of each batch: what sets devices with one text apart. */
  readonly ownMark?: number;
}

export function costedDevice(clock: Clock, times: DeviceTimes): Device {
  const started: DeviceStart = {
    ...{
      backend: "wasm" as const,
      adapter: "a cost model",
      worstError: 0,
      tuning: null,
      fallback: null,
      threads: 1,
    },
    limits: { bytes: Number.POSITIVE_INFINITY, bufferBytes: Number.POSITIVE_INFINITY },
  };
  return {
    start: async () => {
      await clock.sleep(times.startMs);
      return started;
    },
    lost: () => {},
    trainer: (options) => costedTrainer(options, clock, times),
    predictor: () => {
      throw new InputError("predictor", "a device that computes", "a cost model");
    },
  };
}

/** Numbers of a group, as they were loaded (nobody changes those) and what has been done to them since: p = scale * loaded + shift. */
interface Bowl {
  readonly layout: TensorLayout;
  loaded: Readonly<Float32Array>;
  scale: number;
  shift: number;
  /** Of the loaded numbers. */
  sum: number;
  squares: number;
}

function costedTrainer({ config }: TrainerOptions, clock: Clock, times: DeviceTimes): DeviceTrainer {
  const { vocabulary } = dimensions(config);
  const bowls = new Map(groups.map((group) => [group, bowlOf(groupLayout(config, group))]));
  const size = [...bowls.values()].reduce((sum, { layout }) => sum + layout.size, 0);

  /** Half the mean square of (p - mark). */
  function lossOf(mark: number): number {
    let squares = 0;
    for (const { layout, scale, shift, sum, squares: own } of bowls.values()) {
      const off = shift - mark;
      squares += scale ** 2 * own + 2 * scale * off * sum + layout.size * off ** 2;
    }
    return Math.max(0, squares) / (2 * size);
  }

  return {
    config,
    overlaps: false,
    load: (group, { data }) => {
      const bowl = bowls.get(group)!;
      if (data.length !== bowl.layout.size)
        throw new InputError(group, `${bowl.layout.size} numbers`, `${data.length}`);
      fill(bowl, data);
    },
    read: async (group) => valuesOf(bowls.get(group)!),
    step: async (batch, given) => {
      const tokens = tokensOf(batch, vocabulary);
      await clock.sleep(times.stepMs());
      const mark = markOf(batch) + (times.ownMark ?? 0);
      const loss = lossOf(mark);
      if (!Number.isFinite(loss)) throw new NotFiniteError("loss", loss);
      move(bowls, ratesOf(given), mark);
      return { loss, gradNorm: Math.sqrt(2 * loss * size), tokens };
    },
    evaluate: async (batch) => {
      const tokens = tokensOf(batch, vocabulary);
      await clock.sleep(times.evaluateMs());
      return { nats: tokens * lossOf(markOf(batch)), tokens };
    },
    readMoments: async () => {
      const everything = layoutOfMoments(config);
      const steps = { theta: 0, phi: 0, psi: 0 };
      return { steps, first: namedTensors(everything), second: namedTensors(everything) };
    },
    loadMoments: () => {},
    dispose: () => {},
  };
}

function bowlOf(layout: TensorLayout): Bowl {
  return { layout, loaded: new Float32Array(0), scale: 0, shift: 0, sum: 0, squares: 0 };
}

function fill(bowl: Bowl, data: Float32Array): void {
  let sum = 0;
  let squares = 0;
  for (let i = 0; i < data.length; i++) {
    const value = data[i]!;
    sum += value;
    squares += value * value;
  }
  Object.assign(bowl, { loaded: data, scale: 1, shift: 0, sum, squares });
}

function valuesOf({ layout, loaded, scale, shift }: Bowl): NamedTensors {
  const values = new Float32Array(layout.size);
  if (loaded.length === 0) values.fill(shift);
  for (let i = 0; i < loaded.length; i++) values[i] = scale * loaded[i]! + shift;
  return namedTensors(layout, values);
}

function move(bowls: ReadonlyMap<Group, Bowl>, rates: ReturnType<typeof ratesOf>, mark: number): void {
  for (const [group, bowl] of bowls) {
    const rate = rates[group];
    if (rate === null) continue;
    bowl.scale *= 1 - rate / 2;
    bowl.shift = bowl.shift * (1 - rate / 2) + (rate / 2) * mark;
  }
}
