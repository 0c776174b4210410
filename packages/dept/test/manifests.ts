// Manifests of runs of each variant, for tests: a small model, sources that share one vocabulary.

import type { Sha256, SourceId } from "@homebody/base";
import { checkRunFile, manifestOf, type RunManifest } from "@homebody/protocol";

export interface ManifestOptions {
  readonly variant?: RunManifest["variant"];
  readonly family?: "gpt2" | "llama";
  readonly codec?: RunManifest["codec"];
  /** That of the codec where it is not given. */
  readonly errorFeedback?: RunManifest["errorFeedback"];
  readonly down?: RunManifest["down"];
  readonly body?: RunManifest["body"];
  readonly outer?: RunManifest["outer"];
  readonly vocabulary?: number;
  readonly sources?: readonly string[];
  readonly tied?: boolean;
}

/** The run file refuses all variants but SPEC; a manifest may have each. */
export function manifest({
  variant = "spec",
  family = "gpt2",
  codec = "fp16",
  errorFeedback,
  down = "off",
  body = "fp32",
  outer = { kind: "averaging" },
  vocabulary = 300,
  sources = ["es", "ja"],
  tied = true,
}: ManifestOptions = {}): RunManifest {
  const file = checkRunFile({
    name: "bench",
    description: "a run on the bench",
    model: { family, depth: 1, context: 16, overrides: { width: 16, heads: 2, hidden: 32, tied } },
    sources: sources.map((id) => ({ id, title: id, language: id, text: "brought", vocabulary })),
    training: { localSteps: 10, batch: 2, learningRate: { peak: 0.01 } },
    codec,
    errorFeedback,
    down,
    body,
    outer,
    rounds: 3,
    // What becomes of the parameters is tested with it, and no deadlines.
    round: { minimumSeconds: 0 },
    heldOut: { leastBytes: 1 },
  });
  return { ...manifestOf(file, new Map()), variant };
}

export const source = (of: RunManifest, id: string) => of.sources.find((one) => one.id === (id as SourceId))!;
export const noHash = "0".repeat(64) as Sha256;
