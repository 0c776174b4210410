// What a mean over sources is made of: a delta, or what several have become.

import type { Contribution } from "@homebody/aggregate";
import type { Memory } from "@homebody/base";
import type { Clock } from "@homebody/clock";
import type { RunManifest, SectionName } from "@homebody/protocol";
import type { DeltaNumbers, DeltaReader } from "./deltas.ts";

export interface Part {
  readonly weighed: Contribution;
  /** In the order of its numbers; `rows` are those that it holds, null: all. */
  readonly sections: readonly { readonly name: SectionName; readonly rows: Int32Array | null }[];
  numbers(): Promise<DeltaNumbers>;
}

export interface PartsInputs {
  readonly manifest: Pick<RunManifest, "average" | "weighting" | "training">;
  readonly round: number;
  readonly reader: DeltaReader;
  readonly clock: Clock;
  /** Of the numbers of many deltas, in memory at once. */
  readonly mostKeptBytes: number;
  /** For mixes of deltas, one slice after another. */
  readonly place: Memory<Float64Array>;
}
