// One case of reference tensors of PyTorch's: what the engine that runs makes of it. In Node and in browsers.
//
// A case is a folder with case.json and safetensors files, made in float64 and stored as float32. The tolerances are
// those that a float32 engine keeps with room: each loss of the trace 1e-5 relative, each gradient norm of the trace
// 3e-4 (training amplifies rounding), gradient tensors 1e-4 of their norm, logits 1e-5 of theirs, parameters after 1 and
// 24 steps 1e-4 of theirs. Of whole rounds (dept-*) each group of parameters is within 1e-3 of its norm.

import {
  decodeSafetensors,
  float32Tensors,
  InputError,
  type NamedTensors,
  namedTensors,
  type SafetensorsFile,
  tensorByName,
} from "@homebody/base";
import { learningRate } from "@homebody/dept";
import { configFromHuggingFace, groupLayout, groups } from "@homebody/model";
import type { Trainer } from "@homebody/train";
import { createMeasuringTrainer } from "@homebody/train/measuring";
import { type DeptErrors, measureDept, readDeptCase } from "./dept.ts";
import { type KeyBias, keyBiasOf } from "./key-bias.ts";

/** The bytes of a case's file. */
export type ReadFile = (name: string) => Promise<Uint8Array>;

export const tolerances = {
  losses: 1e-5,
  gradNorms: 3e-4,
  logits: 1e-5,
  gradients: 1e-4,
  after: 1e-4,
  roundLosses: 5e-5,
  group: 1e-3,
} as const;

/** Worst relative errors of one case. */
export interface Errors {
  readonly losses: number;
  readonly gradNorms: number;
  readonly logits: number;
  readonly gradients: number;
  readonly after1: number;
  readonly after24: number;
  /** GPT-2's key bias: how far it moved, over the sum of learning rates; at most 1. */
  readonly keyBias: number;
}

interface Trace {
  readonly lr: number;
  readonly loss: number;
  readonly grad_norm: number;
}

interface Case {
  readonly config: unknown;
  readonly optimizer: Readonly<
    Record<
      | "peak_lr"
      | "warmup_steps"
      | "total_steps"
      | "final_lr_fraction"
      | "beta1"
      | "beta2"
      | "eps"
      | "weight_decay"
      | "clip_norm",
      number
    >
  >;
  readonly trace: readonly Trace[];
}

export interface CaseResult extends Partial<Errors>, Partial<DeptErrors> {
  readonly case: string;
  readonly backend: string;
  readonly pass: boolean;
  readonly error?: string;
}

export async function checkCase(name: string, read: ReadFile, backend: string): Promise<CaseResult> {
  try {
    if (name.startsWith("dept-")) {
      const errors = await measureDept(await readDeptCase(name, read));
      return { case: name, backend, pass: passesDept(errors), ...errors };
    }
    if (!name.startsWith("engine-")) throw new InputError("case", "one called engine-... or dept-...", name);
    const errors = await measure(name, read);
    return { case: name, backend, pass: passes(errors), ...errors };
  } catch (error) {
    return { case: name, backend, pass: false, error: (error as Error).message };
  }
}

function passes(errors: Errors): boolean {
  return (
    errors.losses <= tolerances.losses &&
    errors.gradNorms <= tolerances.gradNorms &&
    errors.logits <= tolerances.logits &&
    errors.gradients <= tolerances.gradients &&
    errors.after1 <= tolerances.after &&
    errors.after24 <= tolerances.after &&
    errors.keyBias <= 1
  );
}

function passesDept({ losses, body, tokens, positions, movedRows }: DeptErrors): boolean {
  const { roundLosses, group } = tolerances;
  return losses <= roundLosses && Math.max(body, tokens, positions) <= group && movedRows === 0;
}

async function measure(name: string, read: ReadFile): Promise<Errors> {
  const file = async (part: string) =>
    decodeSafetensors(await read(`${part}.safetensors`), `${name}/${part}.safetensors`);
  const known = JSON.parse(new TextDecoder().decode(await read("case.json"))) as Case;
  const [init, batches, expectedFile] = [await file("init"), await file("batches"), await file("expected")];
  const expected = float32Tensors(expectedFile);
  const config = configFromHuggingFace(known.config);
  const { optimizer } = known;
  const trainer = createMeasuringTrainer({
    config,
    betas: [optimizer.beta1, optimizer.beta2],
    epsilon: optimizer.eps,
    weightDecay: optimizer.weight_decay,
    clip: optimizer.clip_norm,
  });
  try {
    const start = float32Tensors(init);
    loadAll(trainer, start);
    const batch = batchesOf(batches);
    const logits = relative(await trainer.logits(batch(0)), tensorByName(expected, "logits"));
    const { gradients } = await trainer.gradients(batch(0));
    const keys = config.model_type === "gpt2" ? keyBiasOf(config) : undefined;
    const gradientError = worstOf(gradients, expected, "grad.", keys);
    let [losses, gradNorms, after1, after24, moved] = [0, 0, 0, 0, 0];
    for (const [i, trace] of known.trace.entries()) {
      const lr = rate(optimizer, i);
      moved += lr;
      const result = await trainer.step(batch(i), lr);
      losses = Math.max(losses, Math.abs(result.loss - trace.loss) / Math.abs(trace.loss));
      gradNorms = Math.max(gradNorms, Math.abs(result.gradNorm - trace.grad_norm) / trace.grad_norm);
      if (i === 0) after1 = worstOf(await readAll(trainer), expected, "after1.", keys);
    }
    const end = await readAll(trainer);
    after24 = worstOf(end, expected, "after24.", keys);
    return {
      losses,
      gradNorms,
      logits,
      gradients: gradientError,
      after1,
      after24,
      keyBias: keys === undefined ? 0 : keyBiasMove(start, end, keys) / moved,
    };
  } finally {
    trainer.dispose();
  }
}

function rate(optimizer: Case["optimizer"], step: number): number {
  const { peak_lr: peak, warmup_steps: warmupSteps, final_lr_fraction: finalFraction } = optimizer;
  return learningRate({ peak, schedule: "cosine", warmupSteps, finalFraction }, step, optimizer.total_steps);
}

function batchesOf(file: SafetensorsFile) {
  const entry = (name: string) => {
    const found = file.tensors.get(name);
    if (found === undefined || !(found.data instanceof Int32Array) || found.shape.length !== 3)
      throw new InputError(`batches.safetensors: ${name}`, "I32 [batches, rows, context]", `${found?.shape}`);
    return { shape: found.shape as [number, number, number], data: found.data };
  };
  const [inputs, targets] = [entry("inputs"), entry("targets")];
  const [count, rows, context] = inputs.shape;
  const size = rows * context;
  return (step: number) => {
    const at = (step % count) * size;
    return {
      inputs: inputs.data.slice(at, at + size),
      targets: targets.data.slice(at, at + size),
      rows,
      context,
    };
  };
}

function loadAll(trainer: Trainer, tensors: NamedTensors): void {
  for (const group of groups) {
    const layout = groupLayout(trainer.config, group);
    const part = namedTensors(layout);
    for (const { name, offset } of layout.slots) part.data.set(tensorByName(tensors, name), offset);
    trainer.load(group, part);
  }
}

async function readAll(trainer: Trainer): Promise<NamedTensors> {
  const parts = [];
  for (const group of groups) parts.push(await trainer.read(group));
  const slots = parts.flatMap(({ layout }) => layout.slots);
  let offset = 0;
  const layout = {
    slots: slots.map((slot) => {
      const placed = { ...slot, offset };
      offset += slot.size;
      return placed;
    }),
    size: slots.reduce((sum, { size }) => sum + size, 0),
  };
  const all = namedTensors(layout);
  offset = 0;
  for (const { data } of parts) {
    all.data.set(data, offset);
    offset += data.length;
  }
  return all;
}

function worstOf(
  got: NamedTensors,
  expected: NamedTensors,
  prefix: string,
  keys: KeyBias | undefined,
): number {
  let worst = 0;
  for (const { name } of got.layout.slots) {
    const leftOut = keys?.isOne(name) ? keys : undefined;
    worst = Math.max(
      worst,
      relative(tensorByName(got, name), tensorByName(expected, `${prefix}${name}`), leftOut),
    );
  }
  return worst;
}

/** The norm of the difference over the norm of what was expected; infinite for numbers that are not finite. */
function relative(got: Float32Array, expected: Float32Array, leftOut?: KeyBias): number {
  if (got.length !== expected.length)
    throw new InputError("golden tensor", `${expected.length} numbers`, `${got.length}`);
  let difference = 0;
  let norm = 0;
  for (let i = 0; i < got.length; i++) {
    if (leftOut !== undefined && i >= leftOut.from && i < leftOut.to) continue;
    difference += (got[i]! - expected[i]!) ** 2;
    norm += expected[i]! ** 2;
  }
  const error = Math.sqrt(difference / norm);
  return Number.isNaN(error) ? (difference === 0 ? 0 : Number.POSITIVE_INFINITY) : error;
}

function keyBiasMove(start: NamedTensors, end: NamedTensors, keys: KeyBias): number {
  let farthest = 0;
  for (const { name } of end.layout.slots) {
    if (!keys.isOne(name)) continue;
    const [before, after] = [tensorByName(start, name), tensorByName(end, name)];
    for (let i = keys.from; i < keys.to; i++) farthest = Math.max(farthest, Math.abs(after[i]! - before[i]!));
  }
  return farthest;
}
