// homebody adapt: carries a body on with a text of one's own, on this machine (DEPT's continued pre-training).

import { join } from "node:path";
import { setImmediate as breath } from "node:timers/promises";
import { InputError } from "@homebody/base";
import { systemClock } from "@homebody/clock";
import type { LearningRateSettings } from "@homebody/dept";
import {
  type AdaptProgress,
  adapt,
  adaptingOptions,
  adaptingRate,
  beginningOf,
  evaluateHeldOut,
  readParameters,
} from "@homebody/experiment";
import { adaptedCard, hf, type Model } from "@homebody/export";
import { dimensions } from "@homebody/model";
import { version } from "@homebody/protocol";
import {
  heldOutBatches,
  type PreparedText,
  preparing,
  type Score,
  shardBytes,
  type Tokenizer,
  unigram,
} from "@homebody/text";
import { requireMemory } from "@homebody/train";
import { breathing } from "@homebody/volunteer";
import { type Options, readOptions } from "./adapt/options.ts";
import { engineOf } from "./engine.ts";
import type { Interrupt } from "./interrupt.ts";
import { type Body, findBody } from "./models/body.ts";
import { findEmbeddings, readTokenizer } from "./models/embeddings.ts";
import { requireRoom, writeModelFolder } from "./models/folder.ts";
import { readDocuments, splitText } from "./models/texts.ts";
import type { ProgressLine } from "./progress-line.ts";
import { reported, resultJson } from "./reported.ts";
import { table } from "./table.ts";

export { usage } from "./adapt/options.ts";

export async function run(args: readonly string[]): Promise<number> {
  const options = readOptions(args);
  return await reported(async (line, stop) => {
    const result = await work(options, line, stop);
    return options.json ? resultJson(result, args) : shown(result, options.to);
  });
}

/** Held-out rows of a point of the curve; in the end all of them are evaluated. */
const curveRows = 128;

type Result = Awaited<ReturnType<typeof work>>;

async function work(options: Options, line: ProgressLine, { signal }: Interrupt) {
  const { seed, steps, freezeBody, to } = options;
  if (to !== undefined) await requireRoom("--to", to);
  const body = await findBody(options.body);
  const given = await findEmbeddings(options.embeddings, options.tokenizer, body, seed);
  const context = contextOf(options, body);
  const text = await prepareText(options, context, given?.tokenizer, line, signal);
  const config = given?.config ?? body.configFor(text.tokenizer.vocabularySize);
  const beginning = beginningOf(config, body.theta, given?.embeddings(config) ?? null, seed);
  const batch = options.batch ?? body.training?.batch ?? 8;

  const { device, ...started } = await engineOf(options, line.show)();
  const { bytes, ...memory } = requireMemory(config, { rows: batch, context }, started.limits);
  const trainer = device.trainer({ ...adaptingOptions(config), ...memory }, bytes);
  const learningRate = rateOf(options, body, given !== undefined);
  const evaluateEvery = Math.max(1, Math.round(steps / 12));
  const settings = {
    steps,
    batch,
    learningRate,
    seed,
    evaluateEvery,
    heldOutRows: curveRows,
    freezeBody,
  } as const;
  const evaluations: (AdaptProgress & { readonly heldOut: Score })[] = [];
  const began = performance.now();
  for await (const progress of adapt(trainer, text, beginning, settings, signal)) {
    const { step, of, loss, heldOut } = progress;
    if (heldOut !== null) evaluations.push({ ...progress, heldOut });
    const words = [`step ${step}/${of}`];
    if (loss !== null) words.push(`loss ${loss.toFixed(3)}`);
    words.push(`${evaluations.at(-1)!.heldOut.bitsPerByte.toFixed(3)} bits per byte held out`);
    if (line.live || heldOut !== null) line.show(words.join(", "));
    await breath();
  }
  const seconds = (performance.now() - began) / 1000;
  line.show("measuring");
  const rows = { batch, sampleRows: "all", seed } as const;
  const heldOut = await evaluateHeldOut(trainer, text.heldOut, rows);
  const parameters = await readParameters(trainer);
  trainer.dispose();
  const provenance = { ...body.provenance, adapted_by: `homebody ${version}`, adapted_steps: String(steps) };
  const floor = unigram(text.train, heldOutBatches(text.heldOut, rows), config.vocab_size);
  const textBytes = shardBytes(text.train);
  if (to !== undefined) {
    const model: Model = { config, parameters, tokenizer: text.tokenizer, provenance };
    const { bitsPerByte } = heldOut;
    const unigramBitsPerByte = floor.bitsPerByte;
    const card = adaptedCard(model, { steps, freezeBody, textBytes, bitsPerByte, unigramBitsPerByte });
    await writeModelFolder(to, hf.files(model, card));
  }
  return {
    body: { written: options.body, ...body.provenance },
    dropout: body.dropout,
    config,
    text: {
      tokens: text.train.stream.length - 1,
      bytes: textBytes,
      heldOutTokens: text.heldOut.stream.length - 1,
      heldOutBytes: shardBytes(text.heldOut),
      vocabulary: text.tokenizer.vocabularySize,
    },
    settings: { ...settings, context, embeddings: given === undefined ? "random" : options.embeddings },
    evaluations: evaluations.map(({ step, loss, heldOut }) => ({ step, loss, ...heldOut })),
    heldOut,
    unigram: floor,
    engine: { backend: started.backend, adapter: started.adapter, threads: started.threads },
    seconds,
  };
}

async function prepareText(
  options: Options,
  context: number,
  given: Tokenizer | undefined,
  line: ProgressLine,
  signal: AbortSignal,
): Promise<PreparedText> {
  const { seed, tokenizer, vocabulary } = options;
  line.show("reading the text");
  const heldOut =
    options.heldOut === undefined ? undefined : await readDocuments("--held-out", options.heldOut);
  const documents = splitText(await readDocuments("--text", options.text), heldOut, seed);
  const wanted = given ?? (tokenizer === undefined ? vocabulary : await readTokenizer(tokenizer));
  return await breathing(
    preparing(documents, { vocabulary: wanted, context, seed }),
    ({ phase, done, of }) => line.show(line.live ? `${phase} ${done}/${of}` : phase),
    { clock: systemClock, signal },
  );
}

/** Tokens of a row. Throws an InputError where that is more than the model's context. */
function contextOf({ context: wanted }: Options, body: Body): number {
  const { context } = dimensions(body.configFor(1));
  if (wanted !== undefined && wanted > context)
    throw new InputError("--context", `at most ${context}, the model's`, `${wanted}`);
  return wanted ?? context;
}

/** DEPT begins at half the peak where embeddings were trained before (section 1.8 of its recipe, regime b). */
function rateOf({ peak, steps }: Options, { training }: Body, trained: boolean): LearningRateSettings {
  const usual = training?.learningRate.peak ?? 0.002;
  return adaptingRate(peak ?? (trained ? usual / 2 : usual), steps);
}

function shown(
  { evaluations, heldOut, unigram, text, body, dropout }: Result,
  to: string | undefined,
): string {
  const rows = evaluations.map(({ step, loss, bitsPerByte, nats, tokens }) => [
    String(step),
    loss === null ? "" : loss.toFixed(3),
    (nats / tokens).toFixed(3),
    bitsPerByte.toFixed(3),
  ]);
  const share = 100 * (1 - heldOut.bitsPerByte / unigram.bitsPerByte);
  const beside = `${Math.abs(share).toFixed(1)} % ${share < 0 ? "more" : "less"}`;
  return [
    table(["step", "training loss", "held out, nats a token", "bits per byte"], rows),
    "",
    `${body.written}: ${heldOut.bitsPerByte.toFixed(3)} bits per byte on all ${text.heldOutBytes} held-out bytes, ` +
      `${beside} than a unigram model (${unigram.bitsPerByte.toFixed(3)}).`,
    ...(dropout.length === 0
      ? []
      : [`${body.written} asks for ${dropout.join(", ")}: it was trained without dropout.`]),
    ...(to === undefined ? [] : [`The model is in ${join(to, "model.safetensors")} and beside it.`]),
    "",
  ].join("\n");
}
