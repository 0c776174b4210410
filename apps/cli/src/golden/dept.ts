// A dept-* case: whole rounds of three sources, as PyTorch computed them, beside the same rounds through production's code.

import {
  decodeSafetensors,
  float32Tensors,
  InputError,
  type NamedTensors,
  namedTensors,
  type SafetensorsFile,
  type TensorLayout,
  tensorByName,
} from "@homebody/base";
import { declaresRows, exchangeOf, rowMapOf } from "@homebody/dept";
import { configFromHuggingFace, type Gpt2Config, type Group, groups } from "@homebody/model";
import { checkRunFile, groupOf, manifestOf, type RunManifest } from "@homebody/protocol";
import { type Federated, type Federation, federate } from "../federation.ts";
import { keyBiasOf } from "./key-bias.ts";

/** case.json; the golden folder's README says what the files hold. */
export interface DeptCase {
  readonly config: Readonly<Record<string, unknown>>;
  readonly variant: RunManifest["variant"];
  readonly outer: { readonly kind: "average" | "nesterov"; readonly lr: number; readonly momentum: number };
  readonly optimizer: Readonly<Record<string, number>>;
  readonly local_steps: number;
  /** Global ids of each source; its own id of a token is the place in this list. */
  readonly vocabularies: Readonly<Record<string, readonly number[]>>;
  readonly rounds: readonly {
    readonly sampled: readonly string[];
    readonly losses: Readonly<Record<string, readonly number[]>>;
  }[];
}

export interface DeptFiles {
  readonly known: DeptCase;
  readonly init: NamedTensors;
  readonly expected: NamedTensors;
  readonly batches: SafetensorsFile;
}

/** Worst relative errors of a case, each group as a whole. */
export interface DeptErrors {
  readonly losses: number;
  readonly body: number;
  readonly tokens: number;
  readonly positions: number;
  /** Rows that nobody holds, and that are not as they were bit for bit. */
  readonly movedRows: number;
}

export async function readDeptCase(
  name: string,
  read: (file: string) => Promise<Uint8Array>,
): Promise<DeptFiles> {
  const file = async (part: string) =>
    decodeSafetensors(await read(`${part}.safetensors`), `${name}/${part}.safetensors`);
  return {
    known: JSON.parse(new TextDecoder().decode(await read("case.json"))) as DeptCase,
    init: float32Tensors(await file("init")),
    expected: float32Tensors(await file("expected")),
    batches: await file("batches"),
  };
}

export async function measureDept(files: DeptFiles): Promise<DeptErrors> {
  const federation = federationOf(files);
  return errorsOf(files, federation, await federate(federation));
}

/** What a case says, as a run. */
export function federationOf({ known, init, batches }: DeptFiles): Federation {
  const { vocabularies, rounds } = known;
  const manifest = manifestFor(known, batches);
  const declares = declaresRows(manifest);
  /** Where a device trains the whole vocabulary that all share, a token's id is the global one. */
  const isGlobal = !declares && exchangeOf(manifest).sections.some(({ name }) => name === "phi");
  return {
    manifest,
    first: (_, layout, source) => take(init, layout, source ?? "global"),
    rowsOf: (source) => (declares ? rowMapOf(manifest.sources[0]!.vocabulary, vocabularies[source]!) : null),
    rounds: rounds.map(({ sampled }) => sampled),
    batchOf: (round, source, step) => {
      const { data, shape } = entry(batches, `round${round - 1}.${source}`);
      const [, rows, length] = shape as [number, number, number];
      const ids = vocabularies[source]!;
      const of = (shift: number) =>
        Int32Array.from({ length: rows * (length - 1) }, (_, i) => {
          const [row, t] = [Math.floor(i / (length - 1)), i % (length - 1)];
          const token = data[(step * rows + row) * length + t + shift]!;
          return isGlobal ? token : ids.indexOf(token);
        });
      return { inputs: of(0), targets: of(1), rows, context: length - 1 };
    },
  };
}

function manifestFor({ config, variant, outer, optimizer, ...known }: DeptCase, batches: SafetensorsFile) {
  const model = configFromHuggingFace(config) as Gpt2Config;
  const { shape } = batches.tensors.values().next().value!;
  const number = (key: string) => {
    const value = optimizer[key];
    if (value === undefined) throw new InputError(`case.json optimizer.${key}`, "a number", "nothing");
    return value;
  };
  const file = checkRunFile({
    name: `golden ${variant}`,
    description: "a case of reference tensors",
    model: {
      family: "gpt2",
      depth: model.n_layer,
      context: model.n_positions,
      overrides: {
        width: model.n_embd,
        heads: model.n_head,
        hidden: model.n_inner,
        normEpsilon: model.layer_norm_epsilon,
      },
    },
    // A run file has at least the bytes as words; a case may have fewer.
    sources: Object.keys(known.vocabularies).map((id) => ({
      id,
      title: id,
      language: "en",
      text: "brought",
      vocabulary: 257,
    })),
    training: {
      localSteps: known.local_steps,
      batch: shape[1],
      learningRate: {
        peak: number("peak_lr"),
        schedule: "cosine",
        warmupSteps: number("warmup_steps"),
        finalFraction: number("final_lr_fraction"),
      },
      betas: [number("beta1"), number("beta2")],
      epsilon: number("eps"),
      weightDecay: number("weight_decay"),
      clip: number("clip_norm"),
    },
    outer: outer.kind === "average" ? { kind: "averaging" } : { ...outer, kind: "nesterov" },
    codec: "fp32",
    rounds: known.rounds.length,
    round: { minimum: 1, quorum: "all", minimumSeconds: 0 },
    newcomerRounds: 1,
  });
  const manifest = manifestOf(file, new Map());
  const sources = manifest.sources.map((source) => ({
    ...source,
    vocabulary: variant === "spec" ? known.vocabularies[source.id]!.length : model.vocab_size,
  }));
  return { ...manifest, variant, sources };
}

/** The tensors of a layout, from a file under a prefix. */
function take(file: NamedTensors, layout: TensorLayout, prefix: string): NamedTensors {
  const taken = namedTensors(layout);
  for (const { name, offset } of layout.slots)
    taken.data.set(tensorByName(file, `${prefix}.${name}`), offset);
  return taken;
}

function entry({ tensors }: SafetensorsFile, name: string) {
  const found = tensors.get(name);
  if (found === undefined || found.shape.length !== 3)
    throw new InputError(`batches.safetensors: ${name}`, "I32 [steps, rows, context + 1]", `${found?.shape}`);
  return found;
}

function errorsOf(
  { known, init, expected }: DeptFiles,
  federation: Federation,
  { body, home, losses }: Federated,
): DeptErrors {
  const sums = Object.fromEntries(groups.map((group) => [group, { error: 0, norm: 0 }])) as Record<
    Group,
    { error: number; norm: number }
  >;
  const add = (group: Group, got: NamedTensors, prefix: string) => {
    const wanted = take(expected, got.layout, prefix);
    const keys = keyBiasOf(configFromHuggingFace(known.config) as Gpt2Config);
    for (const { name, offset, size } of got.layout.slots)
      for (let i = 0; i < size; i++) {
        if (keys.isOne(name) && i >= keys.from && i < keys.to) continue;
        sums[group].error += (got.data[offset + i]! - wanted.data[offset + i]!) ** 2;
        sums[group].norm += wanted.data[offset + i]! ** 2;
      }
  };
  for (const [section, numbers] of body) add(groupOf(section), numbers, "global");
  for (const [source, groupsOf] of home) for (const [group, numbers] of groupsOf) add(group, numbers, source);
  const relative = ({ error, norm }: { error: number; norm: number }) => Math.sqrt(error / norm);
  return {
    losses: worstLoss(known, losses),
    body: relative(sums.theta),
    tokens: relative(sums.phi),
    positions: relative(sums.psi),
    movedRows: movedRows(federation, init, body.get("phi")),
  };
}

function worstLoss({ rounds }: DeptCase, losses: Federated["losses"]): number {
  let worst = 0;
  for (const [i, { losses: wanted }] of rounds.entries())
    for (const [source, list] of Object.entries(wanted))
      for (const [step, loss] of list.entries()) {
        const error = Math.abs(losses[i]![source]![step]! / loss - 1);
        worst = Math.max(worst, Number.isNaN(error) ? Number.POSITIVE_INFINITY : error);
      }
  return worst;
}

/** Where devices hold rows: those in no vocabulary of who took part, that differ from what they were. */
function movedRows({ rounds, rowsOf }: Federation, init: NamedTensors, phi: NamedTensors | undefined) {
  const maps = rounds.flatMap((sources) => sources.map(rowsOf));
  if (phi === undefined || maps.includes(null)) return 0;
  const held = new Set(maps.flatMap((map) => [...map!.ids]));
  const before = take(init, phi.layout, "global");
  let moved = 0;
  for (const { shape, offset, size } of phi.layout.slots) {
    const width = size / shape[0]!;
    for (let row = 0; row < shape[0]!; row++) {
      if (held.has(row)) continue;
      const at = offset + row * width;
      const same = before.data.subarray(at, at + width).every((x, j) => Object.is(x, phi.data[at + j]));
      if (!same) moved += 1;
    }
  }
  return moved;
}
