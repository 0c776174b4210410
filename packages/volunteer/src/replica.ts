// The model on this device: the sections of a body as the exchange has them, the home tensors, and what training makes
// of both.
//
// Which parameters travel and which stay is the exchange's to say; here sections come from bodies and go into deltas,
// and home tensors are stored with the delta that they belong to [V8].

import {
  type NamedTensors,
  namedTensors,
  oneByOne,
  type Sha256,
  sha256Of,
  sha256OfMany,
} from "@homebody/base";
import {
  type Exchange,
  encodeSection,
  firstNumbers,
  isTrained,
  learningRate,
  type Section,
} from "@homebody/dept";
import { countParameters, type Group, groups, initialParameters } from "@homebody/model/parameters";
import type { BodyRef, ManifestSource, RunManifest, Verdict } from "@homebody/protocol";
import type { Batch, HeldOutOptions, Shard } from "@homebody/text";
import type { MemoryPlan, Moments } from "@homebody/train";
import type { TrainOrder } from "./ahead.ts";
import { createBodies } from "./bodies.ts";
import { encodeRound } from "./encoding.ts";
import type { ReviewJob } from "./jobs.ts";
import type { Clock, Device, DeviceTrainer, Disk, Net } from "./ports.ts";
import { reviewDelta } from "./reviewing.ts";
import { snapshotPeriodMs, trainRound } from "./round.ts";
import { scoreHeldOut } from "./scoring.ts";
import type { Pending, Scored } from "./session.ts";
import { createStarts, type Start } from "./starts.ts";
import { type Done, type Kept, type StoredState, storedState } from "./stored-state.ts";
import { rest, type Work } from "./work.ts";

export interface ReplicaInputs {
  readonly manifest: RunManifest;
  readonly source: ManifestSource;
  /** This device's. */
  readonly exchange: Exchange;
  /** What words that stay here begin from. */
  readonly wordsSeed: string;
  readonly net: Net;
  readonly disk: Disk;
  readonly device: Device;
  readonly clock: Clock;
  /** How training fits in this device's memory; without it a batch goes through whole. */
  readonly memory?: MemoryPlan | undefined;
  /** How often a snapshot is stored; by its size when it is not given. */
  readonly snapshotMs?: number | undefined;
  /** Bytes of a body came, of this group. */
  readonly received?: ((group: Group, bytes: number) => void) | undefined;
}

/** By step, from 0: of a round, and of fitting words before it. */
export interface RoundBatches {
  readonly training: (step: number) => Batch;
  readonly fitting: (step: number) => Batch;
}

export interface Replica {
  readonly exchange: Exchange;
  readonly trainer: DeviceTrainer;
  readonly stored: StoredState;
  /** One user of the engine at a time. */
  exclusive<T>(work: () => Promise<T>): Promise<T>;
  /** Where nothing has been computed yet, as after a reload: this body, with the home tensors of this round. */
  loadIfEmpty(body: BodyRef, homeRound: number, signal: AbortSignal): Promise<void>;
  /** Takes a body into memory, as training and evaluation want it. */
  fetch(body: BodyRef, work: Pick<Work, "report" | "signal">): Promise<void>;
  /** With the home tensors of this round. */
  evaluate(body: BodyRef, homeRound: number, heldOut: Shard, work: Work): Promise<Scored>;
  /** Measures a peer's delta [V67]; null where that cannot be done, or takes too long [V69]. */
  review(job: ReviewJob, heldOut: Shard, work: Work): Promise<Verdict | null>;
  /** The delta is being stored when it resolves; whoever takes it from there waits for that. */
  train(order: TrainOrder, batches: RoundBatches, work: Work): Promise<Pending>;
  /** Whether no words of this device count yet, and the run asks that such words fit a trained body first [V20]. */
  isFresh(): Promise<boolean>;
  /** Fits words that nobody has trained to a body, which stands still; they are stored as what this device begins from. */
  fit(body: BodyRef, batchOf: (step: number) => Batch, work: Work): Promise<void>;
  /** The first body that this device had, with the home tensors as they began. Null where there is none. */
  beginning(): Promise<ReadonlyMap<Group, NamedTensors> | null>;
  /** Resolves when nothing of it is being stored any more. */
  dispose(): Promise<void>;
}

export function createReplica(inputs: ReplicaInputs): Replica {
  const { manifest, source, exchange, disk, device, clock } = inputs;
  const { training } = manifest;
  const { sections, home, config } = exchange;
  const memory: Partial<MemoryPlan> = inputs.memory ?? {};
  const { bytes, ...how } = memory;
  const { betas, epsilon, weightDecay, clip, optimiser } = training;
  const trainer = device.trainer({ config, betas, epsilon, weightDecay, clip, optimiser, ...how }, bytes);
  const isEager = manifest.overlap === "eager";
  const bodies = createBodies(exchange, inputs, isEager ? 2 : 1);
  const starts = createStarts({ exchange, bodies, isEager, isUntrained });
  const stored = storedState(disk, exchange);
  const parameters = groups.reduce((sum, group) => sum + countParameters(config, group), 0);
  const snapshotMs = inputs.snapshotMs ?? snapshotPeriodMs(4 * 3 * parameters);
  /** The body and the round of home tensors that are on the device, as long as nothing has moved them. */
  let onDevice: string | null = null;
  /** The round whose delta left the moments that are on the device, where they are kept. */
  let momentsOf: number | null = null;
  const firstHashes = new Map<string, Sha256>();
  const exclusive = oneByOne();
  /** There are numbers of this device on the engine. */
  let isLoaded = false;

  /** Of a section's file as it was initialised. */
  function firstHash(section: Section): Sha256 {
    const known = firstHashes.get(section.name);
    const hash = known ?? sha256Of(encodeSection(manifest, 0, section, firstNumbers(manifest, section)));
    firstHashes.set(section.name, hash);
    return hash;
  }

  const firstHome = () =>
    new Map(home.map(({ name }) => [name, initialParameters(config, [name], inputs.wordsSeed)]));

  /** A body on the device; words of this source that nobody has trained yet as they were fitted here. */
  async function loadSections(body: BodyRef, numbers: readonly NamedTensors[]): Promise<void> {
    for (const [i, { group }] of sections.entries()) trainer.load(group, numbers[i]!);
    const untrained = untrainedIn(body);
    const fitted = untrained.length === 0 ? undefined : await stored.fitted(untrained);
    for (const [group, tensors] of fitted?.values ?? []) trainer.load(group, tensors);
    isLoaded = true;
  }

  /** Of this source's own sections: those that a body has as they were initialised. */
  function untrainedIn(body: BodyRef): readonly Group[] {
    return sections
      .filter((section) => section.source !== null && isUntrained(body, section))
      .map(({ group }) => group);
  }

  function isUntrained(body: BodyRef, section: Section): boolean {
    return body.sections.find(({ name }) => name === section.name)?.sha256 === firstHash(section);
  }

  function load({ values, moments }: Kept): void {
    for (const [group, tensors] of values) trainer.load(group, tensors);
    loadMoments(moments, null);
    isLoaded = true;
  }

  function loadMoments(moments: Moments | null, round: number | null): void {
    trainer.loadMoments(moments);
    momentsOf = round;
  }

  async function read(wanted: readonly Group[], withMoments: boolean): Promise<Kept> {
    const values = new Map<Group, NamedTensors>();
    for (const group of wanted) values.set(group, await trainer.read(group));
    return { values, moments: withMoments ? await trainer.readMoments() : null };
  }

  async function loadHome(round: number): Promise<void> {
    const { values, moments } = (await stored.home(round)) ?? { values: firstHome(), moments: null };
    for (const [group, tensors] of values) trainer.load(group, tensors);
    if (training.moments === "kept" && momentsOf !== round) loadMoments(moments, round);
    isLoaded = true;
  }

  /** A body with the home tensors of this round; what is on the device as the last evaluation left it is not loaded again. */
  async function loadWhole(
    body: BodyRef,
    homeRound: number,
    numbers: readonly NamedTensors[],
  ): Promise<void> {
    const whole = `${body.id} ${homeRound}`;
    if (onDevice === whole) return;
    onDevice = null;
    await loadSections(body, numbers);
    await loadHome(homeRound);
    onDevice = whole;
  }

  async function loadIfEmpty(body: BodyRef, homeRound: number, signal: AbortSignal): Promise<void> {
    if (isLoaded) return;
    const numbers = await bodies.numbers(body, { report: () => {}, signal });
    await exclusive(async () => {
      if (isLoaded) return; // by what computes
      await loadWhole(body, homeRound, numbers);
    });
  }

  async function evaluate(body: BodyRef, homeRound: number, heldOut: Shard, work: Work): Promise<Scored> {
    const numbers = await bodies.numbers(body, work);
    return exclusive(async () => {
      await loadWhole(body, homeRound, numbers);
      const options = heldOutOptions(manifest, source);
      const progress = (done: number, of: number) =>
        work.report({ kind: "evaluate", done, of, unit: "batches" });
      const score = await scoreHeldOut({ trainer, clock, heldOut, options, progress }, work);
      return { body: body.number, id: body.id, ...score };
    });
  }

  async function review(job: ReviewJob, heldOut: Shard, work: Work): Promise<Verdict | null> {
    const numbers = bodies.ofId(job.from);
    if (numbers === null || manifest.review === "off") return null;
    const options = {
      ...heldOutOptions(manifest, source),
      sampleRows: manifest.review.rows,
      seed: job.drawnBy,
    };
    const withWords = <T>(measure: () => Promise<T>) =>
      exclusive(async () => {
        onDevice = null;
        await loadHome(job.homeRound);
        try {
          return await measure();
        } finally {
          for (const [i, { group }] of sections.entries()) trainer.load(group, numbers[i]!);
        }
      });
    return reviewDelta(job, { ...inputs, exchange, trainer, numbers, heldOut, options, withWords }, work);
  }

  /** [V20] Steps of the words alone: theta stands still. */
  async function fitWords(
    steps: number,
    rateOf: (step: number) => number,
    batchOf: (step: number) => Batch,
    work: Work,
  ): Promise<void> {
    for (let step = 0; step < steps; step++) {
      work.signal.throwIfAborted();
      const began = clock.elapsed();
      const rate = rateOf(step);
      await trainer.step(batchOf(step), { theta: null, phi: rate, psi: rate });
      work.report({ kind: "fit", done: step + 1, of: steps, unit: "steps" });
      await rest(clock, clock.elapsed() - began, work);
    }
  }

  async function fit(body: BodyRef, batchOf: (step: number) => Batch, work: Work): Promise<void> {
    const numbers = await bodies.numbers(body, work);
    const untrained = untrainedIn(body);
    const wanted = home.length > 0 ? home.map(({ name }) => name) : untrained;
    if (wanted.length === 0) return; // the source's words have been trained by others
    await exclusive(async () => {
      onDevice = null;
      // From the first words, also where some of it was done before: the same comes of it.
      for (const [i, { group }] of sections.entries()) trainer.load(group, numbers[i]!);
      load({ values: firstHome(), moments: null });
      // A schedule of its own, as short as it is: from the peak down, after a tenth of warm-up.
      const schedule = { ...training.learningRate, warmupSteps: Math.ceil(training.fitSteps / 10) };
      const rateOf = (step: number) => learningRate(schedule, step, training.fitSteps);
      await fitWords(training.fitSteps, rateOf, batchOf, work);
      const kept = await read(wanted, false);
      if (home.length > 0) await stored.saveHome(0, kept);
      else await stored.saveFitted(kept);
    });
  }

  async function isFresh(): Promise<boolean> {
    if (training.fitSteps === 0) return false;
    if (home.length > 0) return !(await stored.hasHome());
    const own = sections.flatMap(({ source, group }) => (source === null ? [] : [group]));
    return own.length > 0 && (await stored.fitted(own)) === undefined;
  }

  /** [V7] What was reached before, and what it started from where that was ahead of its body; undefined where nothing was. */
  async function resumed({ round, body, homeRound, ahead }: TrainOrder) {
    const snapshot = await stored.snapshot({ round, body: body.id, homeRound, ahead });
    if (snapshot === undefined) return undefined;
    onDevice = null;
    load(snapshot);
    return snapshot;
  }

  /** From a start, to which words may be fitted first. */
  async function begin(
    order: TrainOrder,
    start: Start,
    fitting: (step: number) => Batch,
    work: Work,
  ): Promise<Done> {
    const { body, homeRound, ahead } = order;
    if (ahead === null) await loadWhole(body, homeRound, start.numbers);
    else {
      for (const [i, { group }] of sections.entries()) trainer.load(group, start.numbers[i]!);
      await loadHome(homeRound);
    }
    [onDevice, momentsOf] = [null, null]; // from here on it is trained
    if (training.moments === "afresh") trainer.loadMoments(null);
    if (training.refitSteps > 0 && isTrained(manifest, body)) {
      const rate = learningRate(training.learningRate, order.stepsBefore, order.totalSteps);
      await fitWords(training.refitSteps, () => rate, fitting, work);
      if (training.moments === "afresh") trainer.loadMoments(null);
    }
    return { steps: 0, tokens: 0, nats: 0 };
  }

  async function saveSnapshot(order: TrainOrder, start: Start, done: Done): Promise<void> {
    const { round, body, homeRound, ahead } = order;
    const kept = await read(groups, true);
    await stored.saveSnapshot({ round, body: body.id, homeRound, done }, kept, ahead && { order, start });
  }

  /** [V8] */
  async function finish(
    { round, homeRound }: TrainOrder,
    done: Done,
    start: Start,
    { report }: Work,
  ): Promise<Pending> {
    report({ kind: "encode", done: 0, of: 1, unit: "steps" });
    const moved: NamedTensors[] = [];
    for (const [i, { group, held }] of sections.entries()) {
      const { data } = await trainer.read(group);
      const from = start.numbers[i]!.data;
      for (let j = 0; j < data.length; j++) data[j] = data[j]! - from[j]!;
      moved.push(namedTensors(held, data));
    }
    const before = exchange.feedback === null ? null : await stored.residual(homeRound);
    const { bytes, sizes, residual } = encodeRound(exchange, moved, before, round);
    const pending: Pending = {
      round,
      delta: await sha256OfMany(bytes),
      sizeBytes: bytes.length,
      steps: done.steps,
      tokens: done.tokens,
      loss: done.nats / done.tokens,
      ...(start.body === null ? {} : { body: start.body }),
    };
    const sizeOf = sections.map(({ name }, i) => ({ name, sizeBytes: sizes[i]! }));
    const kept = await read(
      home.map(({ name }) => name),
      training.moments === "kept",
    );
    stored.saveDelta({ pending, homeRound, sections: sizeOf, bytes }, { ...kept, residual });
    momentsOf = round;
    starts.made(pending, homeRound, bytes);
    return pending;
  }

  async function train(order: TrainOrder, batches: RoundBatches, work: Work): Promise<Pending> {
    const before = await exclusive(() => resumed(order));
    const start = before?.begunAhead?.start ?? (await starts.of(order, work));
    const from = before?.done ?? (await exclusive(() => begin(order, start, batches.fitting, work)));
    const batchOf = batches.training;
    const own = { order, training, trainer, clock, batchOf, from, snapshotMs, exclusive };
    const keep = async (done: Done) => {
      await work.keeping();
      await saveSnapshot(order, start, done);
    };
    const done = await trainRound({ ...own, saveSnapshot: keep }, work);
    return await exclusive(() => finish(order, done, start, work));
  }

  return {
    exchange,
    trainer,
    stored,
    exclusive,
    loadIfEmpty,
    fetch: async (body, work) => void (await bodies.numbers(body, work)),
    evaluate,
    review,
    train,
    isFresh,
    fit,
    beginning: async () => {
      const numbers = await bodies.first();
      if (numbers === null) return null;
      return new Map([...sections.map(({ group }, i) => [group, numbers[i]!] as const), ...firstHome()]);
    },
    dispose: () => {
      trainer.dispose();
      return stored.written();
    },
  };
}

/** Which held-out rows are evaluated: the same for every body, and for every control. */
export function heldOutOptions(
  { training, heldOut }: RunManifest,
  source: ManifestSource,
): Required<HeldOutOptions> {
  const { batch, seed } = training;
  return { batch, sampleRows: heldOut.sampleRows, seed: `${seed}/${source.id}/evaluate` };
}
