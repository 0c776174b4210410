// The model goes on from a prompt, with this device's own embeddings: as it is now, and as it was when this device began,
// side by side [V38].

import { groups } from "@homebody/model/parameters";
import type { BodyRef } from "@homebody/protocol";
import { textsOf } from "@homebody/text";
import { type Predictor, sample as tokensFrom } from "@homebody/train";
import type { Device } from "./ports.ts";
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
  /** Does nothing before the device is prepared and knows of a body. Another sample that is under way is stopped. */
  sample(prompt: string, tokens: number): Promise<void>;
  /** [V40] */
  stop(): void;
}

export function createSampling({ device, equipment, latest, changed }: SamplingParts): Sampling {
  let view: SampleView | null = null;
  let underWay = new AbortController();

  async function sample(prompt: string, tokens: number): Promise<void> {
    const { text, replica } = equipment();
    const from = latest();
    if (text === undefined || replica === undefined || from === null) return;
    underWay.abort();
    const own = new AbortController();
    underWay = own;
    let last: SampleView = { prompt, text: "", done: false, body: from.body.number, before: "" };
    const show = (some: Partial<SampleView>) => {
      last = { ...last, ...some };
      if (underWay !== own) return; // another one is shown
      view = last;
      changed();
    };
    show({});
    try {
      await replica.loadIfEmpty(from.body, from.homeRound, own.signal);
      const inputs = { replica, text, device, prompt, tokens, signal: own.signal };
      for await (const { now, before } of sideBySide(inputs)) show({ text: now, before });
    } catch (error) {
      if (!own.signal.aborted) throw error;
    } finally {
      show({ done: true });
    }
  }

  return { view: () => view, sample, stop: () => underWay.abort() };
}

interface SampleInputs {
  readonly replica: Replica;
  readonly text: Text;
  readonly device: Device;
  readonly prompt: string;
  readonly tokens: number;
  readonly signal: AbortSignal;
}

interface Sampled {
  readonly now: string;
  /** Null where it is not kept how this device began. */
  readonly before: string | null;
}

const temperature = 0.8;
const topK = 40;

/** Both texts so far, after each token, until both have ended. */
async function* sideBySide(inputs: SampleInputs): AsyncGenerator<Sampled> {
  const { replica, device, signal } = inputs;
  const models: Predictor[] = [];
  const predictor = () => {
    const made = device.predictor(replica.exchange.config);
    models.push(made);
    return made;
  };
  try {
    const now = passageOf(await asItIs(replica, predictor), inputs);
    const first = await asItBegan(replica, predictor);
    const before = first && passageOf(first, inputs);
    while (!signal.aborted && (now.goesOn() || before?.goesOn())) {
      await now.next();
      await before?.next();
      yield { now: now.text(), before: before?.text() ?? null };
    }
  } finally {
    for (const model of models) model.dispose();
  }
}

/** A copy: training goes on, and what was read must stay what it is [V38]. */
async function asItIs(replica: Replica, predictor: () => Predictor): Promise<Predictor> {
  return await replica.exclusive(async () => {
    const model = predictor();
    for (const group of groups) model.load(group, await replica.trainer.read(group));
    return model;
  });
}

async function asItBegan(replica: Replica, predictor: () => Predictor): Promise<Predictor | null> {
  const beginning = await replica.beginning();
  if (beginning === null) return null;
  const model = predictor();
  for (const [group, tensors] of beginning) model.load(group, tensors);
  return model;
}

/** How a model goes on. The engine is taken for one token at a time, so training goes on between [V39]. */
function passageOf(model: Predictor, { replica, text: { tokenizer }, prompt, tokens }: SampleInputs) {
  const ids = [tokenizer.endOfDocument, ...tokenizer.encode(prompt)];
  const options = { tokens, temperature, topK, seed: `sample ${prompt}` };
  const made = tokensFrom(model.cache(), ids, options);
  const texts = textsOf(tokenizer, oneAtATime(made, replica));
  let text = "";
  let ended = false;
  return {
    text: () => text,
    goesOn: () => !ended,
    next: async () => {
      if (ended) return;
      const { value, done = false } = await texts.next();
      if (!done) text = value;
      ended = done;
    },
  };
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
