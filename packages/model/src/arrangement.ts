// Where parameters stand in one flat array: values, gradients and moments have one each, of the same arrangement.
//
// Numbers that do not decay come first (tensors of one axis), then the body's matrices, then the token embedding (phi) and the
// positions (psi): so what an optimiser treats alike lies side by side. Each tensor begins where a kernel may begin to
// read. What one product takes together (Llama's q, k, v; its gate and up) follows without a gap, and has a place of its own: see joinsOf.

import { alignedSize, sizeOf } from "@homebody/kernels/plans";
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

/** A matrix as a part of one that stands in memory around it, or as all of it. */
export interface MatrixPlace {
  readonly around: Place;
  /** Where it begins. */
  readonly row: number;
  readonly column: number;
  readonly rows: number;
  readonly columns: number;
}

/**
 * The body's matrices, each by itself where it stands together with others: Llama's q, k, v, gate and up, and the thirds of
 * GPT-2's c_attn [width, 3 width], which are its q, k and v. So both families are taken alike by what treats a matrix as
 * one linear map; Jordan et al. (2024) find Muon better with q, k and v apart.
 */
export function bodyMatrices(config: ModelConfig, { places }: Arrangement): readonly MatrixPlace[] {
  const joins = joinsOf(config);
  const joined = new Set(joins.flatMap(([, parts]) => parts));
  const sidesOf = ({ shape }: Place) => shape as [number, number];
  const alone = parametersOf(config)
    .filter(({ name, group, shape }) => group === "theta" && shape.length === 2 && !joined.has(name))
    .flatMap(({ name }) => {
      const around = places.get(name)!;
      const [rows, columns] = sidesOf(around);
      const count = name.endsWith(".c_attn.weight") ? 3 : 1;
      return Array.from({ length: count }, (_, i) => ({
        around,
        row: 0,
        column: (i * columns) / count,
        rows,
        columns: columns / count,
      }));
    });
  const together = joins.flatMap(([whole, parts]) => {
    const around = places.get(whole)!;
    let end = 0;
    return parts.map((part) => {
      const [rows, columns] = sidesOf(places.get(part)!);
      const row = end;
      end += rows;
      return { around, row, column: 0, rows, columns };
    });
  });
  return [...alone, ...together];
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
