// RoPE's tables, [T, D/2] each: a llama's; other models have none.

import { type RopeTables, ropeTables, type Storage, whole } from "@homebody/kernels/plans";
import { dimensions, type ModelConfig } from "@homebody/model";
import type { Keep } from "./keep.ts";

export interface TableStorages {
  readonly cos: Storage | null;
  readonly sin: Storage | null;
}

export function keepTables(config: ModelConfig, context: number, keep: Keep): TableStorages {
  const { headSize } = dimensions(config);
  const table = (name: string) =>
    config.model_type === "llama" ? keep(name, (context * headSize) / 2) : null;
  return { cos: table("cos"), sin: table("sin") };
}

export function writeTables(
  config: ModelConfig,
  context: number,
  { cos, sin }: TableStorages,
  write: (storage: Storage, values: Float32Array) => void,
): void {
  if (config.model_type !== "llama") return;
  const tables = ropeTables(context, dimensions(config).headSize, config.rope_theta);
  write(cos!, tables.cos);
  write(sin!, tables.sin);
}

/** Null where there are none. */
export function tablesOf({ cos, sin }: TableStorages, context: number): RopeTables | null {
  if (cos === null || sin === null) return null;
  const angles = [context, cos.size / context];
  return { cos: whole(cos, angles), sin: whole(sin, angles) };
}
