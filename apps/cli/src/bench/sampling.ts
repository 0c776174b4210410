// What the next token costs: with what was read kept (a KV cache), and with all of it read anew.

import { random } from "@homebody/base";
import { dimensions, groups, initialParameters } from "@homebody/model";
import { createPredictor, startBackend } from "@homebody/train";
import { installWebGpu } from "../webgpu.ts";
import type { Bench } from "./configs.ts";
import { median } from "./measure.ts";

export interface SamplingRow {
  readonly config: string;
  readonly backend: string;
  /** With the next one. */
  readonly tokens: number;
  readonly keptMs: number;
  readonly anewMs: number;
  readonly ratio: number;
}

/** Medians of so many tries, with an eighth of the context read, a half of it, and all. */
export async function measureSampling(
  { name, config }: Bench,
  backend: "wasm" | "webgpu",
  tries: number,
): Promise<readonly SamplingRow[]> {
  if (backend === "webgpu") await installWebGpu();
  await startBackend(backend, { threads: 1 });
  const { context, vocabulary } = dimensions(config);
  const predictor = createPredictor(config);
  for (const group of groups) predictor.load(group, initialParameters(config, [group], "bench"));
  const cache = predictor.cache();
  const dice = random("bench");
  const text = Array.from({ length: context }, () => dice.below(vocabulary));
  const rows: SamplingRow[] = [];
  for (const tokens of [context / 8, context / 2, context].map(Math.ceil)) {
    const [kept, anew]: number[][] = [[], []];
    for (let i = 0; i <= tries; i++) {
      cache.rewind(0);
      anew!.push(await msOf(() => cache.read(text.slice(0, tokens))));
      cache.rewind(tokens - 1);
      kept!.push(await msOf(() => cache.read([text[tokens - 1]!])));
    }
    // The first of each made its plans ready.
    const [keptMs, anewMs] = [median(kept!.slice(1)), median(anew!.slice(1))];
    rows.push({ config: name, backend, tokens, keptMs, anewMs, ratio: anewMs / keptMs });
  }
  predictor.dispose();
  return rows;
}

async function msOf(work: () => Promise<unknown>): Promise<number> {
  const began = performance.now();
  await work();
  return performance.now() - began;
}
