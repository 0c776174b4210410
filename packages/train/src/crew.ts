// An engine and its helpers at work on a batch: rows are divided, gradients and losses come together.
//
// Helpers have values of their own, sent when those here are others (helper.ts). Sums are added in a fixed order, so that
// they are the same every time.

import { whole } from "@homebody/kernels";
import type { Batch } from "@homebody/text";
import { createEngine, type Engine, type Ready, rowsOfBatch } from "./engine.ts";
import type { Helper, HelperResult } from "./helper.ts";
import type { EngineOptions } from "./plans.ts";
import type { Moving } from "./rates.ts";

export interface CrewOptions extends EngineOptions {
  /** Other threads, which take a share of each batch; those that work for another trainer are left to it. */
  readonly helpers?: readonly Helper[];
}

export interface Gradients {
  /** Has the losses of this thread's rows, and the move that follows. */
  readonly first: Ready;
  readonly othersLoss: number;
}

export interface Crew {
  readonly options: EngineOptions;
  readonly engine: Engine;
  /** Whether there are no helpers: then what was started follows what was started before, and nothing has to wait. */
  readonly isAlone: boolean;
  /** Rows that stay on this thread. */
  ownRows(batch: Batch): Batch;
  /** Of the whole batch, each loss over `count`. Alone they are started, and nothing is waited for. */
  gradients(batch: Batch, count: number, moving: Moving): Gradients | Promise<Gradients>;
  /** The sum of losses of the whole batch. */
  losses(batch: Batch): Promise<number>;
  /** Says that the values here are no longer those that helpers have. */
  valuesChanged(): void;
  dispose(): void;
}

export function startCrew({ helpers: offered = [], ...options }: CrewOptions): Crew {
  const engine = createEngine(options);
  const { arrangement, space, model } = engine;
  const helpers = offered.filter((helper) => helper.begin(options));
  let areCurrent = false;

  const workersFor = ({ rows }: Batch) => Math.min(helpers.length + 1, rows);
  const share = (batch: Batch, i: number) => {
    const cut = (at: number) => Math.ceil((at * batch.rows) / workersFor(batch));
    return rowsOfBatch(batch, cut(i), cut(i + 1));
  };

  /** What helpers make of their rows. */
  async function startOthers(batch: Batch, lossShare: number, moving: Moving | null) {
    const workers = workersFor(batch);
    const values =
      workers === 1 || areCurrent ? null : await space.read(whole(model.values), arrangement.size);
    const results = helpers.slice(0, workers - 1).map((helper, i) =>
      helper.work({
        values: values === null ? null : values.slice(),
        batch: copyOf(share(batch, i + 1)),
        share: lossShare,
        moving,
      }),
    );
    areCurrent = workers === helpers.length + 1;
    return { done: Promise.all(results) };
  }

  async function gradientsOfAll(batch: Batch, count: number, moving: Moving): Promise<Gradients> {
    const others = await startOthers(batch, 1 / count, moving);
    const first = engine.startGradients(share(batch, 0), moving);
    const results = await others.done;
    for (const { gradients } of results) engine.addGradients(moving, gradients!);
    return { first, othersLoss: sumOfLosses(results) };
  }

  return {
    options,
    engine,
    isAlone: helpers.length === 0,
    ownRows: (batch) => share(batch, 0),
    gradients: (batch, count, moving) =>
      helpers.length === 0
        ? { first: engine.startGradients(batch, moving), othersLoss: 0 }
        : gradientsOfAll(batch, count, moving),
    losses: async (batch) => {
      const others = await startOthers(batch, 1, null);
      const own = await engine.losses(share(batch, 0));
      return own + sumOfLosses(await others.done);
    },
    valuesChanged: () => {
      areCurrent = false;
    },
    dispose: () => {
      for (const helper of helpers) helper.end();
      engine.dispose();
    },
  };
}

const sumOfLosses = (results: readonly HelperResult[]) => results.reduce((sum, { loss }) => sum + loss, 0);

/** Arrays of its own, to be handed to another thread. */
function copyOf(batch: Batch): Batch {
  return { ...batch, inputs: batch.inputs.slice(), targets: batch.targets.slice() };
}
