// The model on this device: the body as the round has it, this source's own words, and the training between them.
//
// Words (phi and psi, with the moments where they are kept) are stored when a delta was accepted, and only then
// [V9]. While a round trains, what it has reached is in the snapshot [V7]; when it has ended, in the pending file,
// with the delta [V8].

import {
  decodeSafetensors,
  float32Tensors,
  InputError,
  type Millis,
  type NamedTensors,
  namedTensors,
  requireSameLayout,
  type Sha256,
  sha256Of,
  type TensorLayout,
} from "@homebody/base";
import { encodeDelta } from "@homebody/codec";
import { learningRate } from "@homebody/dept";
import { groupLayout, initialParameters, type ModelConfig, modelConfig } from "@homebody/model";
import type { ManifestSource, RunManifest } from "@homebody/protocol";
import { drawBatch, type HeldOutOptions, heldOutBatches, type Shard } from "@homebody/text";
import type { MemoryPlan, Moments, Trainer } from "@homebody/train";
import { bytesOf, decodeParts, encodeParts, numbersOf } from "./parts-file.ts";
import type { Clock, Device, Disk, Net } from "./ports.ts";
import type { Pending, Scored, TrainOrder } from "./session.ts";
import type { Task } from "./view.ts";

export interface ReplicaParts {
  readonly manifest: RunManifest;
  readonly source: ManifestSource;
  readonly net: Net;
  readonly disk: Disk;
  readonly device: Device;
  readonly clock: Clock;
  /** How training fits in this device's memory. */
  readonly memory: MemoryPlan;
  /** How often a snapshot is stored; by its size when it is not given. */
  readonly snapshotMs?: number | undefined;
}

/** What a job may tell while it runs, and what it has to ask. */
export interface Telling {
  readonly told: (task: Omit<Task, "startedAt">) => void;
  readonly stepped: (step: { step: number; of: number; loss: number; tokens: number; ms: number }) => void;
  readonly signal: AbortSignal;
  /** The share of time at work [V17]. */
  readonly duty: () => number;
  readonly deadline: () => Millis | null;
}

interface SnapshotMeta {
  readonly round: number;
  readonly sha256: Sha256;
  readonly done: Done;
  readonly momentSteps: number;
}

/** What the local steps of a round add up to. */
interface Done {
  readonly steps: number;
  readonly tokens: number;
  readonly nats: number;
}

export interface Replica {
  readonly config: ModelConfig;
  readonly trainer: Trainer;
  /** Numbers in phi and psi. */
  readonly wordsSize: number;
  /** One user of the engine at a time. */
  exclusive<T>(work: () => Promise<T>): Promise<T>;
  evaluate(body: number, sha256: Sha256, heldOut: Shard, telling: Telling): Promise<Scored>;
  train(order: TrainOrder, train: Shard, telling: Telling): Promise<Pending>;
  pendingDelta(): Promise<{ readonly pending: Pending; readonly delta: Uint8Array } | undefined>;
  settle(accepted: boolean): Promise<void>;
  /** Loads the first body that this device had, with the words as they began. Null where there is none. */
  beginning(): Promise<{
    readonly theta: NamedTensors;
    readonly phi: NamedTensors;
    readonly psi: NamedTensors;
  } | null>;
  dispose(): void;
}

const files = {
  words: "words",
  snapshot: "snapshot",
  pending: "pending",
  body: "body",
  firstBody: "first-body",
};

/** The model as it is with this source's vocabulary. */
export function configOf({ model }: RunManifest, { vocabulary }: ManifestSource): ModelConfig {
  return modelConfig(model as Parameters<typeof modelConfig>[0], vocabulary);
}

export function createReplica(parts: ReplicaParts): Replica {
  const { manifest, source, net, disk, device, clock } = parts;
  const { training } = manifest;
  const config = configOf(manifest, source);
  const layouts = {
    theta: groupLayout(config, "theta"),
    phi: groupLayout(config, "phi"),
    psi: groupLayout(config, "psi"),
  };
  const { bytes, ...memory } = parts.memory;
  const trainer = device.trainer(
    {
      config,
      betas: training.betas,
      epsilon: training.epsilon,
      weightDecay: training.weightDecay,
      clip: training.clip,
      frozenBody: training.frozenBody,
      ...memory,
    },
    bytes,
  );
  const momentCount = layouts.theta.size + layouts.phi.size + layouts.psi.size;
  const snapshotMs = parts.snapshotMs ?? snapshotPeriodMs(4 * 3 * momentCount);
  /** The body that the replica started from. */
  let base: { readonly sha256: Sha256; readonly theta: NamedTensors } | undefined;
  let tail: Promise<unknown> = Promise.resolve();

  function exclusive<T>(work: () => Promise<T>): Promise<T> {
    const result = tail.then(work);
    tail = result.catch(() => {});
    return result;
  }

  async function body(sha256: Sha256, { told, signal }: Telling): Promise<NamedTensors> {
    if (base?.sha256 === sha256) return base.theta;
    const kept = await disk.read(files.body);
    let bytes = kept !== undefined && sha256Of(kept) === sha256 ? kept : undefined;
    if (bytes === undefined) {
      const sizeBytes = 4 * layouts.theta.size;
      const tell = (done: number) =>
        told({ kind: "download-body", done, of: Math.max(done, sizeBytes), unit: "bytes" });
      bytes = await net.download(`/bodies/${sha256}`, null, tell, signal);
      const got = sha256Of(bytes);
      if (got !== sha256) throw new InputError("body", `hash ${sha256}`, got);
      await disk.write(files.body, bytes);
      if ((await disk.read(files.firstBody)) === undefined) await disk.write(files.firstBody, bytes);
    }
    const theta = bodyOf(bytes, layouts.theta);
    base = { sha256, theta };
    return theta;
  }

  const firstWords = (group: "phi" | "psi") =>
    initialParameters(config, [group], `${training.seed}/${source.id}/words`);

  /** This device's words; at the first time those that the run's seed gives. */
  async function loadWords(): Promise<void> {
    const kept = await disk.read(files.words);
    if (kept === undefined) {
      trainer.load("phi", firstWords("phi"));
      trainer.load("psi", firstWords("psi"));
      trainer.loadMoments(null);
      return;
    }
    const { meta, parts } = decodeParts<{ momentSteps: number }>(kept, files.words);
    loadGroups(parts.slice(0, 2));
    loadMoments(meta.momentSteps, parts.slice(2));
  }

  function loadGroups([phi, psi]: readonly Uint8Array[]): void {
    trainer.load("phi", namedTensors(layouts.phi, numbersOf(phi!, layouts.phi.size, "stored phi")));
    trainer.load("psi", namedTensors(layouts.psi, numbersOf(psi!, layouts.psi.size, "stored psi")));
  }

  function loadMoments(step: number, [first, second]: readonly Uint8Array[]): void {
    if (first === undefined || second === undefined) {
      trainer.loadMoments(null);
      return;
    }
    const all = { slots: [], size: momentCount };
    trainer.loadMoments({
      step,
      first: namedTensors(all, numbersOf(first, momentCount, "stored moments")),
      second: namedTensors(all, numbersOf(second, momentCount, "stored moments")),
    });
  }

  const momentParts = ({ first, second }: Moments) => [bytesOf(first.data), bytesOf(second.data)];

  async function evaluate(number: number, sha256: Sha256, heldOut: Shard, telling: Telling): Promise<Scored> {
    const theta = await body(sha256, telling);
    return exclusive(async () => {
      trainer.load("theta", theta);
      await loadWords();
      const options = heldOutOptions(manifest, source);
      const { batch, sampleRows } = options;
      const of = Math.ceil(
        (sampleRows === "all" ? heldOut.rows : Math.min(sampleRows, heldOut.rows)) / batch,
      );
      let [nats, tokens, bytes, done] = [0, 0, 0, 0];
      for (const one of heldOutBatches(heldOut, options)) {
        telling.signal.throwIfAborted();
        const began = clock.elapsed();
        const scored = await trainer.evaluate(one);
        nats += scored.nats;
        tokens += scored.tokens;
        bytes += one.bytes;
        done += 1;
        telling.told({ kind: "evaluate", done, of, unit: "batches" });
        await rest(clock.elapsed() - began, telling);
      }
      return { body: number, sha256, nats, tokens, bytes };
    });
  }

  /** [V17] */
  async function rest(workedMs: number, { duty, signal }: Telling): Promise<void> {
    const share = duty();
    await clock.sleep(share >= 1 ? 0 : workedMs * (1 / share - 1), signal);
  }

  async function begin(order: TrainOrder, telling: Telling): Promise<Done> {
    const theta = await body(order.sha256, telling);
    const kept = await disk.read(files.snapshot);
    if (kept !== undefined) {
      const { meta, parts } = decodeParts<SnapshotMeta>(kept, files.snapshot);
      if (meta.round === order.round && meta.sha256 === order.sha256) {
        const numbers = numbersOf(parts[0]!, layouts.theta.size, "stored replica");
        trainer.load("theta", namedTensors(layouts.theta, numbers));
        loadGroups(parts.slice(1, 3));
        loadMoments(meta.momentSteps, parts.slice(3));
        return meta.done;
      }
      await disk.remove(files.snapshot);
    }
    trainer.load("theta", theta);
    await loadWords();
    if (training.moments === "afresh") trainer.loadMoments(null);
    return { steps: 0, tokens: 0, nats: 0 };
  }

  async function snapshot({ round, sha256 }: TrainOrder, done: Done): Promise<void> {
    const [theta, phi, psi] = [
      await trainer.read("theta"),
      await trainer.read("phi"),
      await trainer.read("psi"),
    ];
    const moments = await trainer.readMoments();
    const meta: SnapshotMeta = { round, sha256, done, momentSteps: moments.step };
    const words = [bytesOf(theta.data), bytesOf(phi.data), bytesOf(psi.data)];
    await disk.write(files.snapshot, encodeParts({ meta, parts: [...words, ...momentParts(moments)] }));
  }

  /** [V15] Time to stop, so that there is time left to send: a tenth of a minute, or what four steps take. */
  function isLate(deadline: Millis | null, stepMs: number): boolean {
    return deadline !== null && clock.now() + Math.max(6000, 4 * stepMs) > deadline;
  }

  async function train(order: TrainOrder, shard: Shard, telling: Telling): Promise<Pending> {
    let done = await exclusive(() => begin(order, telling));
    telling.told({ kind: "train", done: done.steps, of: order.localSteps, unit: "steps" });
    let savedAt = clock.elapsed();
    const seats = source.served === null ? { slot: 0, slots: 1 } : { slot: order.slot, slots: order.slots };
    let stepMs = 0;
    let endedAt = clock.elapsed();
    /** A step that was started, whose numbers are not there yet. */
    let flying: Promise<{ readonly loss: number; readonly tokens: number }> | undefined;

    function start(step: number): void {
      const { seed, batch } = training;
      const { round, localSteps } = order;
      const rows = drawBatch(shard, { seed, source: source.id, ...seats, round, step, localSteps, batch });
      const rate = learningRate(training.learningRate, order.stepsBefore + step, order.totalSteps);
      flying = exclusive(async () => ({ result: trainer.step(rows, rate) })).then(({ result }) => result);
      flying.catch(() => {}); // it is waited for below
    }

    async function land(): Promise<void> {
      if (flying === undefined) return;
      const landing = flying;
      flying = undefined;
      const { loss, tokens } = await landing;
      stepMs = clock.elapsed() - endedAt;
      endedAt = clock.elapsed();
      done = { steps: done.steps + 1, tokens: done.tokens + tokens, nats: done.nats + loss * tokens };
      telling.told({ kind: "train", done: done.steps, of: order.localSteps, unit: "steps" });
      telling.stepped({ step: done.steps, of: order.localSteps, loss, tokens, ms: stepMs });
    }

    try {
      while (done.steps < order.localSteps && !(done.steps > 0 && isLate(telling.deadline(), stepMs))) {
        if (telling.signal.aborted) {
          await land();
          if (done.steps > 0) await exclusive(() => snapshot(order, done));
          telling.signal.throwIfAborted();
        }
        if (flying === undefined) start(done.steps);
        // At full speed the next step is on its way while this one's numbers come back.
        const landing = land();
        if (trainer.overlaps && telling.duty() >= 1 && done.steps + 1 < order.localSteps)
          start(done.steps + 1);
        await landing;
        if (clock.elapsed() - savedAt >= snapshotMs) {
          await land();
          await exclusive(() => snapshot(order, done));
          savedAt = clock.elapsed();
        }
        if (flying === undefined) {
          await rest(stepMs, telling);
          endedAt = clock.elapsed();
        }
      }
      await land();
    } catch (error) {
      await Promise.allSettled([flying]); // nothing of this round moves parameters any more
      throw error;
    }
    return await exclusive(() => finish(order, done, telling));
  }

  async function finish(order: TrainOrder, done: Done, { told }: Telling): Promise<Pending> {
    told({ kind: "encode", done: 0, of: 1, unit: "steps" });
    const start = base!.theta.data;
    const delta = (await trainer.read("theta")).data;
    for (let i = 0; i < delta.length; i++) delta[i] = delta[i]! - start[i]!;
    const bytes = encodeDelta(manifest.codec, namedTensors(layouts.theta, delta));
    const pending: Pending = {
      round: order.round,
      delta: sha256Of(bytes),
      sizeBytes: bytes.length,
      steps: done.steps,
      tokens: done.tokens,
      loss: done.nats / done.tokens,
    };
    const words = [bytesOf((await trainer.read("phi")).data), bytesOf((await trainer.read("psi")).data)];
    const moments = training.moments === "kept" ? await trainer.readMoments() : null;
    const meta = { pending, momentSteps: moments?.step ?? 0 };
    const file = encodeParts({ meta, parts: [bytes, ...words, ...(moments ? momentParts(moments) : [])] });
    told({ kind: "save", done: 0, of: file.length, unit: "bytes" });
    await disk.write(files.pending, file); // [V8]
    await disk.remove(files.snapshot);
    return pending;
  }

  async function pendingFile() {
    const kept = await disk.read(files.pending);
    if (kept === undefined) return undefined;
    return decodeParts<{ pending: Pending; momentSteps: number }>(kept, files.pending);
  }

  return {
    config,
    trainer,
    wordsSize: layouts.phi.size + layouts.psi.size,
    exclusive,
    evaluate,
    train,
    pendingDelta: async () => {
      const file = await pendingFile();
      return file && { pending: file.meta.pending, delta: file.parts[0]! };
    },
    // [V9] Words first, then the pending file goes: a crash between them settles again.
    settle: async (accepted) => {
      const file = await pendingFile();
      if (file === undefined) return;
      const { momentSteps } = file.meta;
      if (accepted)
        await disk.write(files.words, encodeParts({ meta: { momentSteps }, parts: file.parts.slice(1) }));
      await disk.remove(files.pending);
      await disk.remove(files.snapshot);
    },
    beginning: async () => {
      const kept = await disk.read(files.firstBody);
      if (kept === undefined) return null;
      return { theta: bodyOf(kept, layouts.theta), phi: firstWords("phi"), psi: firstWords("psi") };
    },
    dispose: () => trainer.dispose(),
  };
}

/** [V7] At most half a megabyte a second is written, but twice a minute whatever the size. */
function snapshotPeriodMs(sizeBytes: number): number {
  return Math.min(30_000, Math.max(500, sizeBytes / 500));
}

/** Which held-out rows are evaluated: the same for every body, and for every control. */
export function heldOutOptions(
  { training, heldOut }: RunManifest,
  source: ManifestSource,
): Required<HeldOutOptions> {
  const { batch, seed } = training;
  return { batch, sampleRows: heldOut.sampleRows, seed: `${seed}/${source.id}/evaluate` };
}

function bodyOf(bytes: Uint8Array, layout: TensorLayout): NamedTensors {
  const theta = float32Tensors(decodeSafetensors(bytes, "body"));
  requireSameLayout(theta.layout, layout, "body");
  return theta;
}
