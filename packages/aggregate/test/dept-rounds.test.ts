// Whole federated rounds against PyTorch's: the golden dept-* cases, with the project's own trainer, schedule, codec,
// mean and outer step. The format of a case is described in the golden folder's README.

import { existsSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import {
  decodeSafetensors,
  float32Tensors,
  type NamedTensors,
  namedTensors,
  type TensorLayout,
  tensorByName,
} from "@homebody/base";
import { decodeDelta, encodeDelta } from "@homebody/codec";
import { learningRate, travels } from "@homebody/dept";
import { configFromHuggingFace, type Group, groupLayout, groups } from "@homebody/model";
import { createTrainer, startBackend, type Trainer } from "@homebody/train";
import { beforeAll, expect, test } from "vitest";
import { averaging, meanAccumulator, nesterov, sourceWeights } from "../src/index.ts";

const root = fileURLToPath(new URL("../../..", import.meta.url));
const golden = `${process.env.HOMEBODY_SHARED ?? `${root}../shared`}/golden`;
const here = existsSync(golden);
if (!here && process.env.CI)
  throw new Error(`golden cases: expected them at ${golden} (HOMEBODY_SHARED), got nothing`);
if (!here) console.warn(`skipped: no golden cases at ${golden}; set HOMEBODY_SHARED`);

interface Case {
  readonly config: Record<string, unknown>;
  readonly variant: "glob" | "spec";
  readonly outer: { readonly kind: "average" | "nesterov"; readonly lr: number; readonly momentum: number };
  readonly optimizer: Record<string, number>;
  readonly local_steps: number;
  readonly vocabularies: Record<string, readonly number[]>;
  readonly rounds: readonly {
    readonly sampled: readonly string[];
    readonly losses: Record<string, number[]>;
  }[];
}

type Parts = Record<Group, NamedTensors>;

/** The groups of a replica, taken from a file under a prefix. */
function partsOf(
  file: NamedTensors,
  prefix: string,
  layouts: Record<Group, TensorLayout>,
  of: readonly Group[],
) {
  const parts: Partial<Parts> = {};
  for (const group of of) {
    parts[group] = namedTensors(layouts[group]);
    for (const { name, offset } of layouts[group].slots)
      parts[group].data.set(tensorByName(file, `${prefix}.${name}`), offset);
  }
  return parts;
}

/**
 * The error of all parameters together, relative to their norm; GPT-2's key bias, which has no gradient, apart. (Not
 * tensor by tensor: in dept-glob-nesterov one gradient of a first step is 4e-8, where float32 has an error of 1e-8
 * and Adam's epsilon is as large; what follows from it is 4e-3 of one small bias, and nothing of the whole.)
 */
function errorOf(parts: Partial<Parts>, expected: NamedTensors, prefix: string): number {
  let [error, norm] = [0, 0];
  for (const part of Object.values(parts))
    for (const { name, offset, size } of part.layout.slots) {
      const wanted = tensorByName(expected, `${prefix}.${name}`);
      for (let i = 0; i < size; i++) {
        if (name.endsWith("attn.c_attn.bias") && i >= size / 3 && i < (size / 3) * 2) continue;
        error += (part.data[offset + i]! - wanted[i]!) ** 2;
        norm += wanted[i]! ** 2;
      }
    }
  return Math.sqrt(error / norm);
}

async function trainRound(
  trainer: Trainer,
  start: Parts,
  rows: { readonly data: Int32Array; readonly shape: readonly number[] },
  rate: (step: number) => number,
): Promise<{ parts: Parts; losses: number[] }> {
  for (const group of groups) trainer.load(group, start[group]);
  trainer.loadMoments(null); // inner moments start afresh each round
  const [steps, batch, length] = rows.shape as [number, number, number];
  const losses: number[] = [];
  for (let step = 0; step < steps; step++) {
    const of = (shift: number) =>
      Int32Array.from({ length: batch * (length - 1) }, (_, i) => {
        const [row, t] = [Math.floor(i / (length - 1)), i % (length - 1)];
        return rows.data[(step * batch + row) * length + t + shift]!;
      });
    const result = await trainer.step(
      { inputs: of(0), targets: of(1), rows: batch, context: length - 1 },
      rate(step),
    );
    losses.push(result.loss);
  }
  const parts = {} as Parts;
  for (const group of groups) parts[group] = await trainer.read(group);
  return { parts, losses };
}

beforeAll(async () => {
  if (here) await startBackend("wasm", { threads: 1 });
});

test.skipIf(!here).each(["dept-glob", "dept-spec", "dept-glob-nesterov"])(
  "%s: three rounds, as PyTorch computed them",
  async (name) => {
    const path = `${golden}/${name}`;
    const read = (file: string) => decodeSafetensors(readFileSync(`${path}/${file}.safetensors`), file);
    const known = JSON.parse(readFileSync(`${path}/case.json`, "utf8")) as Case;
    const [init, expected] = [float32Tensors(read("init")), float32Tensors(read("expected"))];
    const batches = read("batches").tensors;
    const { optimizer, variant } = known;
    const shared = groups.filter((group) => travels(variant, group));
    const configOf = (vocabulary: number) =>
      configFromHuggingFace({ ...known.config, vocab_size: vocabulary });
    const layoutsOf = (vocabulary: number) =>
      Object.fromEntries(groups.map((group) => [group, groupLayout(configOf(vocabulary), group)])) as Record<
        Group,
        TensorLayout
      >;
    const vocabularyOf = (source: string) =>
      variant === "spec" ? known.vocabularies[source]!.length : (known.config.vocab_size as number);

    const global = partsOf(init, "global", layoutsOf(known.config.vocab_size as number), shared);
    const local = new Map<string, Partial<Parts>>();
    const trainers = new Map<string, Trainer>();
    for (const source of Object.keys(known.vocabularies)) {
      const own = groups.filter((group) => !travels(variant, group));
      local.set(source, partsOf(init, source, layoutsOf(vocabularyOf(source)), own));
      trainers.set(
        source,
        createTrainer({
          config: configOf(vocabularyOf(source)),
          betas: [optimizer.beta1!, optimizer.beta2!],
          epsilon: optimizer.eps!,
          weightDecay: optimizer.weight_decay!,
          clip: optimizer.clip_norm!,
          frozenBody: false,
        }),
      );
    }
    const outer = known.outer.kind === "average" ? averaging() : nesterov(known.outer);
    const states = new Map<Group, Float32Array>();
    let worstLoss = 0;

    for (const [round, { sampled, losses }] of known.rounds.entries()) {
      const rate = (step: number) =>
        learningRate(
          {
            peak: optimizer.peak_lr!,
            schedule: "cosine",
            warmupSteps: optimizer.warmup_steps!,
            finalFraction: optimizer.final_lr_fraction!,
          },
          round * known.local_steps + step,
          optimizer.total_steps!,
        );
      const weights = sourceWeights(
        sampled.map((source) => ({ source, tokens: 1 })),
        "equal",
      );
      const means = new Map(shared.map((group) => [group, meanAccumulator(global[group]!.data.length)]));
      for (const [i, source] of sampled.entries()) {
        const { data, shape } = batches.get(`round${round}.${source}`)!;
        const ids = known.vocabularies[source]!;
        const own =
          variant === "spec" ? (data as Int32Array).map((token) => ids.indexOf(token)) : (data as Int32Array);
        const start = { ...global, ...local.get(source) } as Parts;
        const end = await trainRound(trainers.get(source)!, start, { data: own, shape }, rate);
        for (const [step, loss] of end.losses.entries())
          worstLoss = Math.max(worstLoss, Math.abs(loss / losses[source]![step]! - 1));
        for (const group of groups) {
          if (!travels(variant, group)) {
            local.get(source)![group] = end.parts[group];
            continue;
          }
          const delta = namedTensors(
            start[group].layout,
            end.parts[group].data.map((x, j) => x - start[group].data[j]!),
          );
          const received = decodeDelta(encodeDelta("fp32", delta), delta.layout);
          means.get(group)!.add(received.data, weights[i]!);
        }
      }
      for (const group of shared) {
        const { layout, data } = global[group]!;
        const step = outer.update(
          states.get(group) ?? outer.init(data.length),
          data,
          means.get(group)!.result(),
        );
        states.set(group, step.state);
        global[group] = namedTensors(layout, step.body);
      }
    }

    for (const trainer of trainers.values()) trainer.dispose();
    expect(worstLoss).toBeLessThan(5e-5);
    expect(errorOf(global, expected, "global")).toBeLessThan(3e-4);
    if (variant === "spec")
      for (const [source, parts] of local) expect(errorOf(parts, expected, source)).toBeLessThan(3e-4);
  },
);
