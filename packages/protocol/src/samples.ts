// How a run's model goes on from a prompt, made by the coordinator's side [P48]: what homebody sample gives as well.

import type { Sha256, SourceId } from "@homebody/base";
import { z } from "zod";
import { type Check, checked } from "./check.ts";
import { sha, source, whole } from "./fields.ts";
import { mostSources } from "./run-file-shape.ts";

/** Such bodies are sampled: each tenth, and the last one of the run. */
export const isSampled = (body: number, rounds: number): boolean =>
  body > 0 && (body % 10 === 0 || body === rounds);

/** How all samples are made: the usual settings of homebody sample. */
export const sampleSettings = { tokens: 100, temperature: 0.8, topK: 40, topP: 1, seed: "1" } as const;

export interface RunSample {
  readonly source: SourceId;
  readonly body: number;
  /** The body's. */
  readonly id: Sha256;
  readonly seed: string;
  /** The first words of held-out text that the host serves; empty where it serves none: the model begins a document. */
  readonly prompt: string;
  /** After the prompt. */
  readonly text: string;
}

/** Of each source the latest. */
export interface RunSamples {
  readonly samples: readonly RunSample[];
}

const sample = z.object({
  source,
  body: whole(),
  id: sha,
  seed: z.string().max(100),
  prompt: z.string().max(10_000),
  text: z.string().max(100_000),
});

export const checkSamples: Check<RunSamples> = checked(
  z.object({ samples: z.array(sample).max(mostSources) }),
  "samples",
);
