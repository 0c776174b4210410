// Batches from several sources at once, under one vocabulary that they share: what synchronous training draws from.
//
// Each row is of a source by chance, with a probability proportional to its size to the power of a temperature (mT5,
// Xue et al., arXiv 2010.11934, section 3.1; DEPT's STD, section 3.2): 0 takes every source equally often, 1 in
// proportion. A source's own rows come in the order in which a device that has that source alone would draw them, so no
// row comes again before all others of its source came.

import { drawnPlace, InputError, random } from "@homebody/base";
import { type Batch, drawBatch, type Shard } from "@homebody/text";

export interface MixtureSource {
  readonly id: string;
  readonly shard: Shard;
  /** What its share follows: tokens of its whole text, of which the shard may be a part. */
  readonly size: number;
}

export interface MixtureOptions {
  readonly sources: readonly MixtureSource[];
  /** From 0 (every source equally often) to 1 (in proportion to its size). */
  readonly temperature: number;
  /** Rows of a batch. */
  readonly rows: number;
  readonly seed: string;
}

/** The probability of each source, in their order: size^temperature over the sum of all. */
export function mixtureShares(sizes: readonly number[], temperature: number): readonly number[] {
  if (!(temperature >= 0 && temperature <= 1))
    throw new InputError("mixture, temperature", "0 to 1", `${temperature}`);
  const bad = sizes.find((size) => !(size > 0 && Number.isFinite(size)));
  if (sizes.length === 0 || bad !== undefined)
    throw new InputError("mixture, sizes", "at least one source, each larger than 0", `${bad ?? "none"}`);
  const weights = sizes.map((size) => size ** temperature);
  const sum = weights.reduce((total, weight) => total + weight, 0);
  return weights.map((weight) => weight / sum);
}

/** The batch of each step, from 0: a function of the options and the step alone. Cheapest in ascending order. */
export function mixture(options: MixtureOptions): (step: number) => Batch {
  const { sources, temperature, rows, seed } = options;
  const context = sources[0]?.shard.context;
  for (const { id, shard } of sources)
    if (shard.context !== context)
      throw new InputError(`mixture, source ${id}`, `rows of ${context} tokens`, `${shard.context}`);
  const shares = mixtureShares(
    sources.map(({ size }) => size),
    temperature,
  );
  let dice = random(`${seed}/mixture`);
  let next = 0;
  /** Rows that each source has given. */
  const given = sources.map(() => 0);

  function draws(): readonly { readonly source: number; readonly row: number }[] {
    return Array.from({ length: rows }, () => {
      const source = drawnPlace(shares, dice);
      const row = given[source]!;
      given[source] = row + 1;
      return { source, row };
    });
  }

  return (step) => {
    if (step < next) {
      dice = random(`${seed}/mixture`);
      next = 0;
      given.fill(0);
    }
    for (; next < step; next++) draws();
    next += 1;
    return joined(
      draws().map(({ source, row }) => {
        const { id, shard } = sources[source]!;
        const whole = { slot: 0, slots: 1, round: 0, localSteps: Number.MAX_SAFE_INTEGER };
        return drawBatch(shard, { seed, source: id, ...whole, step: row, batch: 1 });
      }),
    );
  };
}

/** The rows of all, in their order. */
function joined(parts: readonly Batch[]): Batch {
  const { context } = parts[0]!;
  const rows = parts.reduce((sum, part) => sum + part.rows, 0);
  const inputs = new Int32Array(rows * context);
  const targets = new Int32Array(rows * context);
  let at = 0;
  for (const part of parts) {
    inputs.set(part.inputs, at);
    targets.set(part.targets, at);
    at += part.inputs.length;
  }
  return { inputs, targets, rows, context };
}
