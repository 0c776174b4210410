// What a seed makes of a small run: its shape, its volunteers, their conditions, and how often the coordinator is killed.

import { type Random, random, sha256Of } from "@homebody/base";
import type { ManifestSource, RunManifest } from "@homebody/protocol";
import { manifest as manifestOf } from "../../../dept/test/manifests.ts";
import type { Conditions } from "../../src/index.ts";

export interface Script {
  readonly seed: number;
  readonly manifest: RunManifest;
  readonly volunteers: number;
  /** By the cost model, not by the engine. */
  readonly stubTraining: boolean;
  readonly conditions: Partial<Conditions>;
  /** Deltas ride in the messages that open them, all being small. */
  readonly riding: boolean;
  /** The share of timers after which the coordinator is killed, and of the moments at its disk. */
  readonly kills: number;
  readonly killsMidway: number;
  /** How long it is gone, on average. */
  readonly downMs: number;
  /** What its disk takes for whatever is asked, before and after, on average. */
  readonly diskMs: number;
  /** The share of its disk's calls that fail, and for how long. */
  readonly failing: number;
  readonly failingMs: number;
  /** The time between two acts of the host, on average. */
  readonly actMs: number;
  /** The time between two looks of the host at what it could undo, on average. */
  readonly undoMs: number;
  /** By which the host acts. */
  readonly token: string;
  /** A source that may join. */
  readonly newcomer: ManifestSource;
}

const never = Number.POSITIVE_INFINITY;
const newcomer = manifestOf({ sources: ["a", "b", "c"] }).sources[2]!;

/** Sources and all that texts follow from are the same for all seeds: they are prepared once. */
export function scriptOf(seed: number): Script {
  const dice = random(`fuzz ${seed}`);
  const one = <const T>(...choices: readonly T[]): T => choices[dice.below(choices.length)]!;
  const script = {
    seed,
    manifest: drawnManifest(one),
    volunteers: 1 + dice.below(6),
    stubTraining: true,
    conditions: {
      arrivalMs: one(0, 5000, 60_000),
      startMs: 500,
      stepMs: one(200, 1000, 4000),
      stayMs: one(20_000, 60_000, 600_000),
      awayMs: one(2000, 20_000),
      leaving: one(0, 0.05, 0.2),
      crashing: one(0, 0.4, 0.8),
      connectedMs: one(5000, 30_000, 300_000),
      outageMs: one(500, 8000),
      delayMs: one(1, 50, 400),
      late: one(0, 0.05, 0.2),
      doubled: one(0, 0.05, 0.3),
      // Slow, yet a delta arrives before a deadline: else no round would ever have one.
      upBytesPerSecond: one(20_000, 200_000),
      bandwidthSpread: 0.3,
    },
    keepsAll: one(true, false),
    kills: one(0, 0, 0.002, 0.01),
    killsMidway: one(0, 0, 0.002, 0.01),
    downMs: one(100, 5000, 40_000),
    diskMs: one(0, 1, 20),
    failing: one(0, 0, 0.005, 0.03),
    failingMs: one(60_000, 600_000),
    actMs: one(never, never, never, 60_000, 15_000),
    riding: one(true, false),
    undoMs: one(never, never, 60_000, 20_000),
    ...{ token: "of the host", newcomer },
  };
  // Drawn last: what was drawn for a seed before stays.
  const keep = one(
    { undoBodies: 5, deltaRounds: 2 },
    { undoBodies: 2, deltaRounds: 0 },
    { undoBodies: 1, deltaRounds: 0 },
  );
  const admitting = withAdmission(script.manifest, one("open", "open", "approval"));
  const { keepsAll, ...drawn } = script;
  const deltaRounds = keepsAll ? ("all" as const) : keep.deltaRounds;
  const bodies = one<RunManifest["keep"]["bodies"]>(
    { every: 10 },
    "all",
    { every: 2 },
    { last: 1 },
    { last: 7 },
  );
  const kept = { ...keep, deltaRounds, bodies };
  const codec = one<RunManifest["codec"] | null>(null, { kind: "sparse2", k: 64 }, "int2");
  const rounds = one(1, 20);
  const manifest = codec === null ? admitting : carrying(admitting, codec, rounds);
  const training = { ...manifest.training, ...boxOf(seed, manifest.training) };
  const travels = { down: downOf(seed), body: bodyOf(seed), overlap: overlapOf(seed, manifest.outer) };
  const whole = { ...drawn, manifest: { ...manifest, keep: kept, ...travels, training } };
  return random(`reviews of ${seed}`).below(3) === 0 ? reviewed(whole) : whole;
}

/** By dice of its own, as below. */
function boxOf(seed: number, { localSteps }: RunManifest["training"]): Partial<RunManifest["training"]> {
  const dice = random(`time box of ${seed}`);
  const seconds = [0, 0, 3, 12][dice.below(4)]!;
  if (seconds === 0) return {};
  return { localSteps: 5 * localSteps, timeBox: { seconds, leastSteps: 1 + dice.below(2) } };
}

/** What the host serves of a source where volunteers measure each other's deltas: as large as any text that is drawn. */
export const servedText = new TextEncoder().encode("x".repeat(100_000));

/** Its volunteers, enough of them, measure each other's deltas, round after round. */
function reviewed(script: Script): Script {
  const { volunteers, manifest: run } = script;
  const served = {
    ...{ train: sha256Of(servedText), trainBytes: servedText.length, heldOut: null, heldOutBytes: 0 },
  };
  const manifest: RunManifest = {
    ...run,
    variant: run.variant === "spec" ? "glob" : run.variant, // words that stay on devices are no measure for others
    review: { quarantineAfter: 2, tolerance: 0, rows: 4 },
    average: { rule: "mean" }, // which is computed again in the end
    rounds: run.rounds + 2,
    sources: run.sources.map((source) => ({ ...source, served })),
  };
  return { ...script, volunteers: volunteers + 3, manifest };
}

/** By dice of its own: what is drawn beside it stays. */
function downOf(seed: number): RunManifest["down"] {
  return (["off", "int8", "int4"] as const)[random(`down of ${seed}`).below(3)]!;
}

function bodyOf(seed: number): RunManifest["body"] {
  return (["fp32", "fp16"] as const)[random(`body of ${seed}`).below(2)]!;
}

/** The same; no run is eager with Adam outside. */
function overlapOf(seed: number, { kind }: RunManifest["outer"]): RunManifest["overlap"] {
  const drawn = (["off", "eager"] as const)[random(`overlap of ${seed}`).below(2)]!;
  return kind === "adam" ? "off" : drawn;
}

/** With what its deltas leave out carried on. */
export function carrying(run: RunManifest, codec: RunManifest["codec"], rounds: number): RunManifest {
  return { ...run, codec, errorFeedback: { decay: 0.95, rounds }, outer: { kind: "averaging" } };
}

/** Of the first source. */
export function withAdmission(run: RunManifest, admission: ManifestSource["admission"]): RunManifest {
  const [first, ...others] = run.sources;
  return { ...run, sources: [{ ...first!, admission }, ...others] };
}

function drawnManifest(one: <const T>(...choices: readonly T[]) => T): RunManifest {
  const outer = one<RunManifest["outer"]>(
    { kind: "averaging" },
    { kind: "nesterov", lr: 0.7, momentum: 0.9 },
    { kind: "adam", lr: 0.01, betas: [0.9, 0.99], epsilon: 1e-3 },
  );
  const plain = manifestOf({
    ...{ variant: one("spec", "spec", "glob", "trim"), family: one("gpt2", "llama") },
    ...{ codec: one("fp16", "fp32"), outer, sources: ["a", "b"] },
  });
  const { training } = plain;
  return {
    ...plain,
    rounds: one(1, 2, 3),
    weighting: one("equal", "tokens"),
    training: {
      ...training,
      ...{
        localSteps: one(1, 4),
        moments: one("afresh", "kept"),
        fitSteps: one(0, 2),
        refitSteps: one(0, 1),
      },
    },
    heldOut: { ...plain.heldOut, sampleRows: 4 },
    round: {
      ...{
        minimum: one(1, 2),
        quorum: one<"all" | number>("all", 1, 2),
        sources: one<"all" | number>("all", 0.5),
      },
      ...{ graceSeconds: one(0, 10), deadlineSeconds: one(20, 60), evaluationSeconds: 20 },
      ...{
        minimumSeconds: one(0, 0, 5),
        quorumSources: one<"all" | number>("all", 1),
        excuseAfter: one<"never" | number>(1, 2, "never"),
      },
    },
  };
}

export const exponentialMs = (mean: number, dice: Random) => -mean * Math.log(1 - dice.uniform());
