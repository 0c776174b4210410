// What single models and their mixtures need for passages of text, in bits per byte. The end of a passage is no end of a document, so it
// counts for nothing.

import { logProbabilities, type MixtureRule, mixtureNats } from "@homebody/mixture";
import { bitsPerByte, utf8Length } from "@homebody/text";
import type { LoadedModel } from "./loaded.ts";
import type { Passages } from "./passages.ts";

export interface Found {
  readonly text: string;
  readonly learnt: boolean | null;
  readonly bytes: number;
  /** Bits per byte: of each model of the run, of each other model, and of mixtures of those of the run. */
  readonly alone: Readonly<Record<string, number>>;
  readonly others: Readonly<Record<string, number>>;
  readonly best: { readonly model: string; readonly bitsPerByte: number };
  readonly mixtures: Readonly<Record<"uniform" | "likelihood" | "switching", number>>;
}

export interface Cost {
  readonly model: string;
  readonly bytes: number;
  /** Of the passages' encoding. */
  readonly tokens: number;
  /** That the model was asked about: with the tokens of the encoding alone it would be as many as these. */
  readonly prefixes: number;
  readonly seconds: number;
}

export interface MeasuringOptions {
  /** Of all weight, dealt out anew after each byte, for `switching`. */
  readonly share: number;
  readonly show: (doing: string) => void;
  readonly breathe: () => Promise<void>;
}

export function mixtureMeasurer(
  loaded: readonly LoadedModel[],
  others: readonly LoadedModel[],
  options: MeasuringOptions,
) {
  const spent = new Map<LoadedModel, { bytes: number; tokens: number; ms: number }>();

  /** ln p of each byte of each passage. */
  async function logsOf(model: LoadedModel, { name, passages }: Passages): Promise<readonly Float64Array[]> {
    const sums = spent.get(model) ?? { bytes: 0, tokens: 0, ms: 0 };
    spent.set(model, sums);
    const logs: Float64Array[] = [];
    for (const [i, passage] of passages.entries()) {
      options.show(`${model.name} on ${name}: passage ${i + 1} of ${passages.length}`);
      const began = performance.now();
      const found = await logProbabilities(model.bytes, passage, options.breathe);
      sums.ms += performance.now() - began;
      sums.bytes += utf8Length(passage);
      sums.tokens += model.tokenizer.encode(passage).length;
      logs.push(found.subarray(0, -1));
    }
    return logs;
  }

  async function measure(text: Passages): Promise<Found> {
    const bytes = text.passages.reduce((sum, passage) => sum + utf8Length(passage), 0);
    const own = await each(loaded, (model) => logsOf(model, text));
    const mixed = (some: readonly (readonly Float64Array[])[], rule: MixtureRule) => {
      let nats = 0;
      for (const i of text.passages.keys()) {
        const ofPassage = some.map((logs) => logs[i]!);
        nats += mixtureNats(ofPassage, rule);
      }
      return bitsPerByte(nats, bytes);
    };
    const single = (logs: readonly Float64Array[]) => mixed([logs], { kind: "uniform" });
    const alone = named(loaded, own.map(single));
    const [best, least] = Object.entries(alone).reduce((a, b) => (b[1] < a[1] ? b : a));
    const rest = await each(others, (model) => logsOf(model, text));
    return {
      text: text.name,
      learnt: text.learnt,
      bytes,
      alone,
      others: named(others, rest.map(single)),
      best: { model: best, bitsPerByte: least },
      mixtures: {
        uniform: mixed(own, { kind: "uniform" }),
        likelihood: mixed(own, { kind: "likelihood", share: 0 }),
        switching: mixed(own, { kind: "likelihood", share: options.share }),
      },
    };
  }

  const costOf = (model: LoadedModel): Cost => {
    const { bytes, tokens, ms } = spent.get(model)!;
    return { model: model.name, bytes, tokens, prefixes: model.cost.prefixes, seconds: ms / 1000 };
  };

  /** After at least one text. */
  function costs(): readonly Cost[] {
    const own = loaded.map(costOf);
    const sum = (of: (cost: Cost) => number) => own.reduce((total, cost) => total + of(cost), 0);
    const mixture: Cost = {
      model: "mixture",
      bytes: own[0]!.bytes,
      tokens: sum(({ tokens }) => tokens),
      prefixes: sum(({ prefixes }) => prefixes),
      seconds: sum(({ seconds }) => seconds),
    };
    return [...own, mixture, ...others.map(costOf)];
  }

  return { measure, costs };
}

const named = (loaded: readonly LoadedModel[], values: readonly number[]) =>
  Object.fromEntries(loaded.map(({ name }, i) => [name, values[i]!]));

async function each<T, R>(items: readonly T[], ask: (item: T) => Promise<R>): Promise<R[]> {
  const answers: R[] = [];
  for (const item of items) answers.push(await ask(item));
  return answers;
}
