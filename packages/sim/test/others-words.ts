// What a delta does for a peer [C96]: five replicas train from one body, with words that they share or with words of their own, and each
// measures another one's delta on the body that it started from, as a reviewer does.

import { type NamedTensors, namedTensors } from "@homebody/base";
import { memoryClock } from "@homebody/clock/memory";
import { type Exchange, exchangeFor, learningRate } from "@homebody/dept";
import { type Group, groups, initialParameters } from "@homebody/model/parameters";
import { memoryBlobs } from "@homebody/store/memory";
import { drawBatch, heldOutBatches } from "@homebody/text";
import { createTrainer, startBackend, type Trainer } from "@homebody/train";
import { textsOf } from "../src/index.ts";
import { poisonedRun } from "./poison.ts";

type Values = ReadonlyMap<Group, NamedTensors>;

export interface Measured {
  /** Of nats, by how much a fifth of a peer's delta changes the body: a number for each replica and round. */
  readonly honest: readonly number[];
  /** The same of the delta the other way round. */
  readonly reversed: readonly number[];
}

const replicas = 5;
const share = 1 / replicas;

/** `shared`: words travel and are averaged as all else. */
export async function measurePeers(isShared: boolean, rounds: number): Promise<Measured> {
  const run = poisonedRun({ variant: isShared ? "glob" : "spec", rounds });
  const { training, sources } = run;
  const exchange = exchangeFor(run, sources[0]!, null);
  const texts = await textsOf(run, memoryBlobs(), { seed: 1, clock: memoryClock() });
  const { train, heldOut } = texts.get(sources[0]!.id)!;
  await startBackend("wasm", { threads: 1 });
  const { betas, epsilon, weightDecay, clip, optimiser } = training;
  const trainer = createTrainer({ config: exchange.config, betas, epsilon, weightDecay, clip, optimiser });
  const first = (seed: (group: Group) => string): Values =>
    new Map(groups.map((group) => [group, initialParameters(exchange.config, [group], seed(group))]));
  const travels = new Set(exchange.sections.map(({ group }) => group));
  let own = Array.from({ length: replicas }, (_, i) =>
    first((group) => (travels.has(group) ? "body" : `words ${i}`)),
  );
  const found = { honest: [] as number[], reversed: [] as number[] };

  async function nats(values: Values, seed: string): Promise<number> {
    load(trainer, values);
    let sum = 0;
    for (const batch of heldOutBatches(heldOut, { batch: training.batch, sampleRows: 32, seed }))
      sum += (await trainer.evaluate(batch)).nats;
    return sum;
  }

  for (let round = 1; round <= rounds; round++) {
    const trained: Values[] = [];
    for (const [slot, values] of own.entries()) {
      load(trainer, values);
      trainer.loadMoments(null);
      for (let step = 0; step < training.localSteps; step++) {
        const { localSteps, batch, learningRate: rate } = training;
        const draw = { seed: 1, source: "a", slot, slots: replicas, round, step, localSteps, batch };
        const at = learningRate(rate, (round - 1) * localSteps + step, rounds * localSteps);
        await trainer.step(drawBatch(train, draw), at);
      }
      trained.push(await read(trainer));
    }
    for (const [i, values] of trained.entries()) {
      const peer = (i + 1) % replicas;
      const delta = (by: number) => moved(own[i]!, exchange, [[by, own[peer]!, trained[peer]!]], values);
      const without = await nats(delta(0), `${round} ${i}`);
      found.honest.push((await nats(delta(share), `${round} ${i}`)) / without - 1);
      found.reversed.push((await nats(delta(-share), `${round} ${i}`)) / without - 1);
    }
    const all = trained.map((values, i) => [share, own[i]!, values] as const);
    own = trained.map((values, i) => moved(own[i]!, exchange, all, values));
  }
  trainer.dispose();
  return found;
}

function load(trainer: Trainer, values: Values): void {
  for (const [group, numbers] of values) trainer.load(group, numbers);
}

async function read(trainer: Trainer): Promise<Values> {
  const values = new Map<Group, NamedTensors>();
  for (const group of groups) values.set(group, await trainer.read(group));
  return values;
}

/** What travels of `from` moved by so much of each of these; what stays at home as it is in `home`. */
function moved(
  from: Values,
  { sections }: Exchange,
  by: readonly (readonly [share: number, before: Values, after: Values])[],
  home: Values,
): Values {
  const values = new Map(home);
  for (const { group } of sections) {
    const { layout, data } = from.get(group)!;
    const numbers = data.slice();
    for (const [share, before, after] of by) {
      const [was, is] = [before.get(group)!.data, after.get(group)!.data];
      for (let i = 0; i < numbers.length; i++) numbers[i] = numbers[i]! + share * (is[i]! - was[i]!);
    }
    values.set(group, namedTensors(layout, numbers));
  }
  return values;
}
