// The model goes on from a prompt, with this device's own words: now, and as it was when this device began.

import { groups } from "@homebody/model";
import type { RunManifest } from "@homebody/protocol";
import type { Tokenizer } from "@homebody/text";
import type { Trainer } from "@homebody/train";
import type { Device } from "./ports.ts";
import type { Replica } from "./replica.ts";

export interface SampleParts {
  readonly replica: Replica;
  readonly tokenizer: Tokenizer;
  readonly device: Device;
  readonly manifest: RunManifest;
  readonly prompt: string;
  readonly tokens: number;
}

export interface Sampled {
  readonly now: string;
  readonly before: string | null;
}

const temperature = 0.8;
const topK = 40;

/** The text so far, after each token. The engine is taken for one token at a time, so training goes on between. */
export async function* sampleText(parts: SampleParts): AsyncGenerator<Sampled> {
  const { replica, tokenizer, prompt, tokens } = parts;
  const ids = [tokenizer.endOfDocument, ...tokenizer.encode(prompt)];
  const options = { tokens, temperature, topK, seed: `sample ${prompt}` };
  let now = "";
  for await (const text of continued(replica.trainer, parts, ids, options)) {
    now = text;
    yield { now, before: null };
  }
  const beginning = await replica.beginning();
  if (beginning === null) return;
  const { config } = replica;
  const first = parts.device.trainer({
    config,
    betas: [0.9, 0.95],
    epsilon: 1e-8,
    weightDecay: 0,
    clip: 1,
    frozenBody: false,
  });
  try {
    for (const group of groups) first.load(group, beginning[group]);
    for await (const before of continued(first, parts, ids, options)) yield { now, before };
  } finally {
    first.dispose();
  }
}

async function* continued(
  trainer: Trainer,
  { replica, tokenizer }: SampleParts,
  prompt: readonly number[],
  options: Parameters<Trainer["sample"]>[1],
): AsyncGenerator<string> {
  const made: number[] = [];
  const tokens = trainer.sample(prompt, options);
  for (;;) {
    const next = await replica.exclusive(() => tokens.next());
    if (next.done || next.value === tokenizer.endOfDocument) return;
    made.push(next.value);
    yield tokenizer.decode(made);
  }
}
