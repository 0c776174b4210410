// Where parameters stand in one flat array: values, gradients and moments have one each, of the same arrangement.
//
// Numbers that do not decay come first (tensors of one axis), then the body's matrices, then the token embedding (phi) and the
// positions (psi): so what an optimiser treats alike lies side by side. Each tensor begins where a kernel may begin to
// read. What one product takes together (Llama's q, k, v; its gate and up) follows without a gap, and has a place of its own: see joinsOf.

import { alignedSize, sizeOf } from "@homebody/kernels";
import { dimensions, type ModelConfig } from "./config.ts";
import { type Group, parametersOf } from "./parameters.ts";

export interface Place {
  readonly offset: number;
  readonly shape: readonly number[];
}

export interface Range {
  readonly group: Group;
  readonly offset: number;
  readonly size: number;
  readonly decays: boolean;
}

export interface Arrangement {
  readonly size: number;
  readonly places: ReadonlyMap<string, Place>;
  /** Everything, in order. */
  readonly ranges: readonly Range[];
}

export function arrange(config: ModelConfig): Arrangement {
  const places = new Map<string, Place>();
  const ranges: Range[] = [];
  const parameters = parametersOf(config);
  const joins = joinsOf(config);
  /** What follows the tensor before it without a gap. */
  const followers = new Set(joins.flatMap(([, parts]) => parts.slice(1)));
  let end = 0;
  const kinds = [
    { group: "theta", decays: false },
    { group: "theta", decays: true },
    { group: "phi", decays: true },
    { group: "psi", decays: true },
  ] as const;
  for (const { group, decays } of kinds) {
    const start = end;
    for (const { name, shape, group: own } of parameters) {
      if (own !== group || (shape.length === 2) !== decays) continue;
      if (!followers.has(name)) end = alignedSize(end);
      places.set(name, { offset: end, shape });
      end += sizeOf(shape);
    }
    end = alignedSize(end);
    if (end > start) ranges.push({ group, offset: start, size: end - start, decays });
  }
  for (const [name, parts] of joins) {
    const first = places.get(parts[0]!)!;
    const rows = parts.reduce((sum, part) => sum + places.get(part)!.shape[0]!, 0);
    places.set(name, { offset: first.offset, shape: [rows, first.shape[1]!] });
  }
  return { size: end, places, ranges };
}

/** What is taken together, by the name of the whole (`qkv_proj` and `gate_up_proj` of each layer): its parts, in order. */
function joinsOf(config: ModelConfig): [string, string[]][] {
  if (config.model_type === "gpt2") return [];
  const { layers } = dimensions(config);
  return Array.from({ length: layers }, (_, layer) => `model.layers.${layer}`).flatMap((at) => [
    [`${at}.self_attn.qkv_proj.weight`, ["q", "k", "v"].map((part) => `${at}.self_attn.${part}_proj.weight`)],
    [`${at}.mlp.gate_up_proj.weight`, ["gate", "up"].map((part) => `${at}.mlp.${part}_proj.weight`)],
  ]);
}
