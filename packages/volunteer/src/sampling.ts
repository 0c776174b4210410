// The model goes on from a prompt, with this device's own embeddings: now, and as it was when this device began.

import type { BodyRef } from "@homebody/protocol";
import { decodeSoFar, textsOf } from "@homebody/text";
import type { Device, DeviceTrainer } from "./ports.ts";
import type { Equipment } from "./preparation.ts";
import type { Replica } from "./replica.ts";
import type { Text } from "./text-file.ts";
import type { SampleView } from "./view.ts";

export interface SamplingParts {
  readonly device: Device;
  readonly equipment: () => Equipment;
  /** The body that there is, and the round whose home tensors belong to it. */
  readonly latest: () => Latest | null;
  readonly changed: () => void;
}

interface Latest {
  readonly body: BodyRef;
  readonly homeRound: number;
}

export interface Sampling {
  view(): SampleView | null;
  /** Does nothing before the device is prepared and knows of a body. */
  sample(prompt: string, tokens: number): Promise<void>;
}

export function createSampling({ device, equipment, latest, changed }: SamplingParts): Sampling {
  let view: SampleView | null = null;

  function show(next: SampleView): void {
    view = next;
    changed();
  }

  async function sample(prompt: string, tokens: number): Promise<void> {
    const { text, replica } = equipment();
    const from = latest();
    if (text === undefined || replica === undefined || from === null) return;
    let last: SampleView = { prompt, text: "", done: false, body: from.body.number, before: null };
    show(last);
    try {
      await replica.loadIfEmpty(from.body, from.homeRound, new AbortController().signal);
      for await (const { now, before } of sampleText({ replica, text, device, prompt, tokens })) {
        last = { ...last, text: now, before };
        show(last);
      }
    } finally {
      show({ ...last, done: true });
    }
  }

  return { view: () => view, sample };
}

interface SampleInputs {
  readonly replica: Replica;
  readonly text: Text;
  readonly device: Device;
  readonly prompt: string;
  readonly tokens: number;
}

interface Sampled {
  readonly now: string;
  readonly before: string | null;
}

const temperature = 0.8;
const topK = 40;

/** The text so far, after each token. The engine is taken for one token at a time, so training goes on between. */
async function* sampleText(inputs: SampleInputs): AsyncGenerator<Sampled> {
  const { replica, text, prompt, tokens } = inputs;
  const { tokenizer } = text;
  const ids = [tokenizer.endOfDocument, ...tokenizer.encode(prompt)];
  const options = { tokens, temperature, topK, seed: `sample ${prompt}` };
  let now = "";
  for await (const made of continued(replica.trainer, inputs, ids, options)) {
    now = made;
    yield { now, before: null };
  }
  const beginning = await replica.beginning();
  if (beginning === null) return;
  const { config } = replica.exchange;
  const untrained = { betas: [0, 0], epsilon: 1, weightDecay: 0, clip: 1 } as const;
  const first = inputs.device.trainer({ config, ...untrained });
  try {
    for (const [group, tensors] of beginning) first.load(group, tensors);
    for await (const before of continued(first, inputs, ids, options)) yield { now, before };
  } finally {
    first.dispose();
  }
}

function continued(
  trainer: DeviceTrainer,
  { replica, text: { tokenizer } }: SampleInputs,
  prompt: readonly number[],
  options: Parameters<DeviceTrainer["sample"]>[1],
): AsyncGenerator<string> {
  return textsOf(tokenizer, oneAtATime(trainer.sample(prompt, options), replica));
}

async function* oneAtATime(
  tokens: AsyncGenerator<number>,
  { exclusive }: Pick<Replica, "exclusive">,
): AsyncGenerator<number> {
  for (;;) {
    const next = await exclusive(() => tokens.next());
    if (next.done) return;
    yield next.value;
  }
}

const openingTokens = 12;

/** The first words of a text that it was not trained on, for a prompt that stands ready: in its own language, whichever that is. */
export function openingOf({ tokenizer, heldOut: { stream } }: Pick<Text, "tokenizer" | "heldOut">): string {
  const [, ...rest] = stream.subarray(0, openingTokens + 1); // it begins with an end of document
  const end = rest.indexOf(tokenizer.endOfDocument);
  const words = decodeSoFar(tokenizer, end < 0 ? rest : rest.slice(0, end)).trimStart();
  const lastSpace = end < 0 ? words.lastIndexOf(" ") : -1; // the last word may be cut
  return (lastSpace > 0 ? words.slice(0, lastSpace) : words).split("\n")[0]!.trimEnd();
}
