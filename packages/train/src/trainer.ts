// A replica of the model that trains: parameters and moments on the backend, one local step at a time.
//
// Everything is planned (plans.ts): a step writes a batch and a few settings, runs plans that are ready, and reads
// four numbers back, the only readback. Loss, norm, clip and the move stay on the device; where the loss or the norm is
// not finite, nothing moves. A batch may go through in parts whose gradients add up. All memory made here is owned
// here, until dispose.

import { InputError, type NamedTensors, namedTensors, random, type TensorLayout } from "@homebody/base";
import {
  chains,
  type KernelTime,
  type Numbers,
  type PreparedPlan,
  ropeTables,
  type Storage,
  startRuntime,
  stepSettings,
  Workspace,
  whole,
} from "@homebody/kernels";
import { arrange, dimensions, type Group, groupLayout, groups, type ModelConfig } from "@homebody/model";
import type { Batch } from "@homebody/text";
import { causeOf, deviceFailure } from "./device-errors.ts";
import { NotFiniteError } from "./errors.ts";
import {
  type BatchShape,
  type BatchStorages,
  gradientPlan,
  keepBatch,
  keepModel,
  logitsPlan,
  lossPlan,
  movePlan,
  type PlanParts,
} from "./plans.ts";
import { pick } from "./sample.ts";

export interface TrainerOptions {
  readonly config: ModelConfig;
  readonly betas: readonly [number, number];
  readonly epsilon: number;
  readonly weightDecay: number;
  /** Largest norm of all gradients together. */
  readonly clip: number;
  /** A control for experiments: only phi and psi learn. */
  readonly frozenBody: boolean;
  /** Rows of a batch that are in memory at a time; their gradients add up. All at once if it is not given. */
  readonly rowsAtOnce?: number;
  /** Less memory for a third more work: layers keep their inputs alone. */
  readonly recompute?: boolean;
  /** Activations and matrices in half precision, where the backend has it; sums and parameters stay float32. */
  readonly half?: boolean;
}

export interface StepResult {
  /** Mean over the targets that count, in nats a token. */
  readonly loss: number;
  /** Of all gradients, before clipping. */
  readonly gradNorm: number;
  readonly tokens: number;
}

/** AdamW's memory, over all groups in the order theta, phi, psi. */
export interface Moments {
  /** Steps taken since the moments were zero. */
  readonly step: number;
  readonly first: NamedTensors;
  readonly second: NamedTensors;
}

export interface SampleOptions {
  readonly tokens: number;
  /** 0: always the likeliest. */
  readonly temperature: number;
  readonly topK: number;
  readonly seed: string;
}

export interface Trainer {
  readonly config: ModelConfig;
  /** Copies values in; the layout must be groupLayout's. */
  load(group: Group, tensors: NamedTensors): void;
  read(group: Group): Promise<NamedTensors>;
  /** Throws NotFiniteError or EngineError; in both cases the parameters are those before the step. */
  step(batch: Batch, learningRate: number): Promise<StepResult>;
  /** The sum of -ln p over the targets that count. */
  evaluate(batch: Batch): Promise<{ readonly nats: number; readonly tokens: number }>;
  /** Before clipping; nothing moves. */
  gradients(batch: Batch): Promise<{ readonly loss: number; readonly gradients: NamedTensors }>;
  /** [rows * context, vocabulary]. */
  logits(batch: Batch): Promise<Float32Array>;
  /** Tokens that go on from a prompt, one at a time; at most `tokens` of them. */
  sample(prompt: readonly number[], options: SampleOptions): AsyncGenerator<number>;
  readMoments(): Promise<Moments>;
  /** Null: zeros, as at the start of a round. */
  loadMoments(moments: Moments | null): void;
  /** A step's commands, each with the time that it takes on the device; null where the device has no clock. */
  profile(batch: Batch): Promise<readonly KernelTime[] | null>;
  /** Of a step, once one has been made. */
  readonly counts: { readonly dispatches: number; readonly submits: number };
  dispose(): void;
}

/** What is ready for batches of one shape. */
interface Ready {
  readonly parts: PlanParts;
  readonly plans: Map<PlanKind, PreparedPlan>;
  readonly extras: Storage[];
}

type PlanKind = "gradients" | "more gradients" | "move" | "losses" | "logits" | "row";

/** Shapes that are kept ready: training, evaluation, sampling, and a last part of a batch. */
const shapesKept = 4;

export function createTrainer(options: TrainerOptions): Trainer {
  const { config, betas, weightDecay, half = false } = options;
  const { context, headSize, vocabulary } = dimensions(config);
  const layouts = Object.fromEntries(groups.map((group) => [group, groupLayout(config, group)])) as Record<
    Group,
    TensorLayout
  >;
  const everything = layoutOfAll(groups.map((group) => layouts[group]));
  const arrangement = arrange(config);
  const space = new Workspace(startRuntime());
  const keep = (name: string, size: number, type?: "f32" | "f16" | "i32") => space.keep(name, size, type);
  const model = keepModel(arrangement, half, keep);
  const ready = new Map<string, Ready>();
  let steps = 0;
  let counts = { dispatches: 0, submits: 0 };

  const write = (storage: Storage, values: Numbers) => space.write(whole(storage), values);

  function readyFor(shape: BatchShape): Ready {
    const key = `${shape.rows}x${shape.context}`;
    let found = ready.get(key);
    ready.delete(key); // and in again, as the latest
    if (found === undefined) {
      if (ready.size >= shapesKept) forget(ready.keys().next().value!);
      const batch = keepBatch(config, shape, keep);
      if (config.model_type === "llama") {
        const { cos, sin } = ropeTables(shape.context, headSize, config.rope_theta);
        write(batch.cos!, cos);
        write(batch.sin!, sin);
      }
      found = { parts: { options, arrangement, model, batch, shape }, plans: new Map(), extras: [] };
    }
    ready.set(key, found);
    return found;
  }

  function forget(key: string): void {
    const { plans, parts, extras } = ready.get(key)!;
    for (const plan of plans.values()) plan.dispose();
    for (const storage of [...Object.values(parts.batch), ...extras]) if (storage) space.release(storage);
    ready.delete(key);
  }

  function planOf({ parts, plans, extras }: Ready, kind: PlanKind): PreparedPlan {
    const known = plans.get(kind);
    if (known !== undefined) return known;
    const make = () => {
      if (kind === "gradients") return gradientPlan(parts, false);
      if (kind === "more gradients") return gradientPlan(parts, true);
      if (kind === "move") return movePlan(parts);
      if (kind === "losses") return lossPlan(parts);
      const { rows, context } = parts.shape;
      const row = kind === "row" ? keep("row", 1, "i32") : null;
      const logits = keep("logits", (row === null ? rows * context : 1) * vocabulary);
      extras.push(logits, ...(row === null ? [] : [row]));
      return logitsPlan(parts, logits, row);
    };
    const plan = space.prepare(make());
    plans.set(kind, plan);
    return plan;
  }

  function writeInputs({ ids }: BatchStorages, batch: Pick<Batch, "inputs" | "rows" | "context">): void {
    const { inputs, rows, context: length } = batch;
    if (length > context) throw new InputError("batch: context", `at most ${context}`, `${length}`);
    if (inputs.length !== rows * length)
      throw new InputError("batch: inputs", `${rows} x ${length} tokens`, `${inputs.length}`);
    const outside = inputs.findIndex((id) => id < 0 || id >= vocabulary);
    if (outside >= 0)
      throw new InputError("batch: inputs", `tokens from 0 to ${vocabulary - 1}`, `${inputs[outside]}`);
    write(ids, inputs);
  }

  function countTargets({ targets, inputs }: Batch): number {
    if (targets.length !== inputs.length)
      throw new InputError("batch: targets", `${inputs.length}`, `${targets.length}`);
    let count = 0;
    for (const target of targets) {
      if (target >= vocabulary)
        throw new InputError("batch: targets", `tokens below ${vocabulary}`, `${target}`);
      if (target >= 0) count += 1;
    }
    if (count === 0) throw new InputError("batch: targets", "at least one that counts", "none");
    return count;
  }

  /** The parts of a batch that go through one after another, and their plans. */
  function partsOf(batch: Batch): { part: Batch; at: Ready; plan: PreparedPlan }[] {
    const { rows, context: length, inputs, targets } = batch;
    const most = Math.min(rows, options.rowsAtOnce ?? rows);
    return Array.from({ length: Math.ceil(rows / most) }, (_, i) => {
      const [first, end] = [i * most, Math.min(rows, (i + 1) * most)];
      const cut = (ids: Int32Array) => ids.subarray(first * length, end * length);
      const part = { ...batch, rows: end - first, inputs: cut(inputs), targets: cut(targets) };
      const at = readyFor(part);
      return { part, at, plan: planOf(at, i === 0 ? "gradients" : "more gradients") };
    });
  }

  function writeBatch({ parts: { batch: storages } }: Ready, batch: Batch): void {
    writeInputs(storages, batch);
    const { heads, links } = chains(batch.inputs, vocabulary);
    write(storages.heads, heads);
    write(storages.links, links);
    write(storages.targets, batch.targets);
  }

  const writeSettings = (count: number, learningRate: number, step: number) =>
    write(
      model.settings,
      stepSettings(
        { share: 1 / count, learningRate, decay: weightDecay, step },
        { beta1: betas[0], beta2: betas[1] },
      ),
    );

  /** Starts the gradients of a batch; the first part's place tells which move follows. */
  function startGradients(batch: Batch): { first: Ready; plans: PreparedPlan[] } {
    const parts = partsOf(batch);
    for (const { part, at, plan } of parts) {
      writeBatch(at, part);
      plan.run();
    }
    return { first: parts[0]!.at, plans: parts.map(({ plan }) => plan) };
  }

  async function step(batch: Batch, learningRate: number): Promise<StepResult> {
    const count = countTargets(batch);
    steps += 1;
    writeSettings(count, learningRate, steps);
    const { first, plans } = startGradients(batch);
    const move = planOf(first, "move");
    move.run();
    const all = [...plans, move];
    counts = {
      dispatches: all.reduce((sum, plan) => sum + plan.dispatches, 0),
      submits: all.reduce((sum, plan) => sum + plan.submits, 0),
    };
    const [loss = Number.NaN, gradNorm = Number.NaN] = await readControl();
    for (const [what, number] of [
      ["loss", loss],
      ["gradient norm", gradNorm],
    ] as const) {
      if (Number.isFinite(number)) continue;
      steps -= 1;
      throw new NotFiniteError(what, number);
    }
    return { loss, gradNorm, tokens: count };
  }

  async function readControl(): Promise<Float32Array> {
    const control = await space.read(whole(model.control), 4);
    const failure = deviceFailure();
    if (failure !== null) throw failure;
    return control;
  }

  async function evaluate(batch: Batch) {
    const count = countTargets(batch);
    const at = readyFor(batch);
    writeInputs(at.parts.batch, batch);
    write(at.parts.batch.targets, batch.targets);
    writeSettings(1, 0, 1);
    planOf(at, "losses").run();
    const losses = await space.read(whole(at.parts.batch.losses), batch.inputs.length);
    const failure = deviceFailure();
    if (failure !== null) throw failure;
    const nats = losses.reduce((sum, loss) => sum + loss, 0);
    if (!Number.isFinite(nats)) throw new NotFiniteError("loss", nats);
    return { nats, tokens: count };
  }

  async function gradients(batch: Batch) {
    writeSettings(countTargets(batch), 0, 1);
    const { first } = startGradients(batch);
    const losses = await space.read(whole(first.parts.batch.losses), first.parts.batch.losses.size);
    const flat = await space.read(whole(model.gradients), arrangement.size);
    return { loss: losses.reduce((sum, loss) => sum + loss, 0), gradients: gather(flat, everything) };
  }

  async function profile(batch: Batch): Promise<readonly KernelTime[] | null> {
    writeSettings(countTargets(batch), 0, steps + 1);
    const times: KernelTime[] = [];
    const parts = partsOf(batch);
    for (const { part, at, plan } of parts) {
      writeBatch(at, part);
      times.push(...((await plan.profile()) ?? []));
    }
    times.push(...((await planOf(parts[0]!.at, "move").profile()) ?? []));
    return times.length === 0 ? null : times;
  }

  async function logits(batch: Batch): Promise<Float32Array> {
    const at = readyFor(batch);
    writeInputs(at.parts.batch, batch);
    planOf(at, "logits").run();
    const [kept] = at.extras.filter(({ name, size }) => name === "logits" && size !== vocabulary);
    return space.read(whole(kept ?? at.extras[0]!), batch.inputs.length * vocabulary);
  }

  async function* sample(prompt: readonly number[], options: SampleOptions): AsyncGenerator<number> {
    if (prompt.length === 0) throw new InputError("prompt", "at least one token", "none");
    const dice = random(options.seed);
    const tokens = [...prompt];
    for (let made = 0; made < options.tokens; made++) {
      // Static shapes: the window is as long as the context, and what is after the last token is not looked at.
      const window = tokens.slice(-context);
      const ids = new Int32Array(context);
      ids.set(window);
      const at = readyFor({ rows: 1, context });
      const plan = planOf(at, "row");
      const [logits, row] = at.extras as [Storage, Storage];
      writeInputs(at.parts.batch, { inputs: ids, rows: 1, context });
      write(row, Int32Array.of(window.length - 1));
      plan.run();
      const next = pick(await space.read(whole(logits), vocabulary), options, dice);
      tokens.push(next);
      yield next;
    }
  }

  /** Tensors of a layout from a flat array of the arrangement that begins at `start`. */
  function gather(flat: Float32Array, layout: TensorLayout, start = 0): NamedTensors {
    const result = namedTensors(layout);
    for (const { name, offset, size } of layout.slots) {
      const from = arrangement.places.get(name)!.offset - start;
      result.data.set(flat.subarray(from, from + size), offset);
    }
    return result;
  }

  /** Where a group's tensors begin and end. */
  function spanOf(group: Group): { start: number; size: number } {
    const own = arrangement.ranges.filter((range) => range.group === group);
    const start = own[0]?.offset ?? 0;
    return { start, size: own.reduce((sum, { size }) => sum + size, 0) };
  }

  function scatter({ data }: NamedTensors, layout: TensorLayout, start: number, size: number): Float32Array {
    const flat = new Float32Array(size);
    for (const { name, offset, size } of layout.slots)
      flat.set(data.subarray(offset, offset + size), arrangement.places.get(name)!.offset - start);
    return flat;
  }

  function load(group: Group, tensors: NamedTensors): void {
    const layout = layouts[group];
    if (tensors.data.length !== layout.size)
      throw new InputError(group, `${layout.size} numbers`, `${tensors.data.length}`);
    const { start, size } = spanOf(group);
    if (size === 0) return;
    const place = { storage: model.values, offset: start, shape: [size] };
    space.write(place, scatter(tensors, layout, start, size));
  }

  async function read(group: Group): Promise<NamedTensors> {
    const { start, size } = spanOf(group);
    const place = { storage: model.values, offset: start, shape: [size] };
    return gather(await space.read(place, size), layouts[group], start);
  }

  async function readMoments(): Promise<Moments> {
    const moment = async (storage: Storage) =>
      gather(await space.read(whole(storage), arrangement.size), everything);
    return { step: steps, first: await moment(model.first), second: await moment(model.second) };
  }

  function loadMoments(moments: Moments | null): void {
    steps = moments?.step ?? 0;
    for (const which of ["first", "second"] as const) {
      const values = moments?.[which];
      const flat = new Float32Array(arrangement.size);
      write(model[which], values === undefined ? flat : scatter(values, everything, 0, arrangement.size));
    }
  }

  return {
    config,
    load,
    read: explained(read),
    step: explained(step),
    evaluate: explained(evaluate),
    gradients: explained(gradients),
    logits: explained(logits),
    sample,
    readMoments: explained(readMoments),
    loadMoments,
    profile: explained(profile),
    get counts() {
      return counts;
    },
    dispose: () => space.dispose(),
  };
}

/** Failures of the device come as what they are. */
function explained<A extends unknown[], T>(work: (...args: A) => Promise<T>): (...args: A) => Promise<T> {
  return async (...args) => {
    try {
      return await work(...args);
    } catch (error) {
      throw error instanceof NotFiniteError || error instanceof InputError ? error : await causeOf(error);
    }
  };
}

function layoutOfAll(parts: readonly TensorLayout[]): TensorLayout {
  let offset = 0;
  const slots = parts.flatMap(({ slots }) =>
    slots.map((slot) => {
      const placed = { ...slot, offset };
      offset += slot.size;
      return placed;
    }),
  );
  return { slots, size: offset };
}
