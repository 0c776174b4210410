// homebody adapt: carries a body on with a text of one's own, on this machine (DEPT's continued pre-training).

import { join, resolve } from "node:path";
import { setImmediate as breath } from "node:timers/promises";
import { parseArgs } from "node:util";
import { InputError } from "@homebody/base";
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
import { breathing, engineDevice, systemClock } from "@homebody/volunteer";
import { type Interrupt, interrupt } from "./interrupt.ts";
import { type Body, bodyUsage, findBody } from "./models/body.ts";
import { findEmbeddings, readTokenizer } from "./models/embeddings.ts";
import { writeModelFolder } from "./models/folder.ts";
import { readDocuments, splitText } from "./models/texts.ts";
import { backendName, positiveNumber, wholeNumber } from "./options.ts";
import { type ProgressLine, progressLine } from "./progress-line.ts";
import { table } from "./table.ts";
import { offerWebGpu } from "./webgpu.ts";

export const usage = `
homebody adapt BODY --text PATH ... [--vocab N | --tokenizer FILE] [--steps N] [--freeze-body]
               [--embeddings random|MODEL|FILE ...] [--held-out PATH ...] [--seed N] [--batch N] [--learning-rate X]
               [--backend webgpu|wasm] [--threads N] [--to DIR] [--json]

${bodyUsage}
  --text PATH    .txt, .md or .jsonl files or folders to train on
  --held-out PATH  what the model is measured on; without it a tenth of the text, which is not trained on
  --vocab N      tokens of the vocabulary that is learnt from the text (2048)
  --tokenizer FILE  a tokenizer.json instead
  --embeddings   random (the default); or a model folder or a run's words (DATA or URL, with #SOURCE behind it where each source has
                 its own), whose tokenizer is then taken too; or safetensors files that have the embeddings of the
                 tokenizer, as sections of a body do
  --freeze-body  the embeddings alone learn
  --steps N      240; the learning rate begins at its peak, after a warm-up, and falls by a cosine
  --batch N      rows of a step (as in the body's run, else 8)
  --learning-rate X  the peak (as in the body's run, else 0.002; half of it with embeddings that were trained)
  --seed N       1
  --to DIR       writes config.json, model.safetensors and tokenizer.json, as Hugging Face's libraries read them
  --json         the result as JSON instead of a table
`;

interface Options {
  readonly body: string;
  readonly text: readonly string[];
  readonly heldOut: readonly string[] | undefined;
  readonly vocabulary: number;
  readonly tokenizer: string | undefined;
  /** None: random ones. */
  readonly embeddings: readonly string[];
  readonly steps: number;
  readonly freezeBody: boolean;
  readonly batch: number | undefined;
  readonly peak: number | undefined;
  readonly seed: string;
  readonly backend: ReturnType<typeof backendName>;
  readonly threads: number | undefined;
  readonly to: string | undefined;
  readonly json: boolean;
}

export async function run(args: readonly string[]): Promise<number> {
  const options = read(args);
  const stop = interrupt();
  const line = progressLine();
  try {
    const result = await work(options, line, stop);
    line.end();
    const { json, to } = options;
    process.stdout.write(json ? `${JSON.stringify({ ...result, args }, null, 2)}\n` : shown(result, to));
    return 0;
  } catch (error) {
    line.end();
    if (stop.signal.aborted) return 130;
    throw error;
  } finally {
    stop.release();
  }
}

function read(args: readonly string[]): Options {
  const { values, positionals } = parseArgs({
    args: [...args],
    allowPositionals: true,
    options: {
      text: { type: "string", multiple: true },
      "held-out": { type: "string", multiple: true },
      vocab: { type: "string" },
      tokenizer: { type: "string" },
      embeddings: { type: "string", multiple: true, default: ["random"] },
      steps: { type: "string", default: "240" },
      "freeze-body": { type: "boolean", default: false },
      batch: { type: "string" },
      "learning-rate": { type: "string" },
      seed: { type: "string", default: "1" },
      backend: { type: "string" },
      threads: { type: "string" },
      to: { type: "string" },
      json: { type: "boolean", default: false },
    },
  });
  const [body] = positionals;
  if (body === undefined || positionals.length > 1)
    throw new InputError("adapt", "one body", positionals.join(" ") || "none");
  if (values.text === undefined) throw new InputError("--text", "a file or folder of text", "none");
  if (values.vocab !== undefined && values.tokenizer !== undefined)
    throw new InputError("--vocab, --tokenizer", "one of them", "both");
  if (values.embeddings.length > 1 && values.embeddings.includes("random"))
    throw new InputError("--embeddings", "random, or what was trained", values.embeddings.join(", "));
  const whole = (option: string, text: string | undefined, least: number, most: number) =>
    text === undefined ? undefined : wholeNumber(option, text, least, most);
  const { "learning-rate": rate } = values;
  return {
    body,
    text: values.text,
    heldOut: values["held-out"],
    vocabulary: whole("--vocab", values.vocab, 257, 65536) ?? 2048,
    tokenizer: values.tokenizer,
    embeddings: values.embeddings.filter((written) => written !== "random"),
    steps: wholeNumber("--steps", values.steps, 1, 10_000_000),
    freezeBody: values["freeze-body"],
    batch: whole("--batch", values.batch, 1, 4096),
    peak: rate === undefined ? undefined : positiveNumber("--learning-rate", rate, 1),
    seed: String(wholeNumber("--seed", values.seed, 0, 4294967295)),
    backend: backendName(values.backend),
    threads: whole("--threads", values.threads, 1, 64),
    to: values.to,
    json: values.json,
  };
}

/** Held-out rows of a point of the curve; in the end all of them are evaluated. */
const curveRows = 128;

type Result = Awaited<ReturnType<typeof work>>;

async function work(options: Options, line: ProgressLine, { signal }: Interrupt) {
  const { seed, steps, freezeBody } = options;
  const body = await findBody(options.body);
  const given = await findEmbeddings(options.embeddings, options.tokenizer, body, seed);
  const text = await prepareText(options, body, given?.tokenizer, line, signal);
  const config = given?.config ?? body.configFor(text.tokenizer.vocabularySize);
  const beginning = beginningOf(config, body.theta, given?.embeddings(config) ?? null, seed);
  const batch = options.batch ?? body.training?.batch ?? 8;

  line.show("starting the engine");
  await offerWebGpu(options.backend);
  const { threads } = options;
  const device = engineDevice(options.backend, threads === undefined ? {} : { threads });
  const started = await device.start();
  const { context } = dimensions(config);
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
  if (options.to !== undefined) {
    const { tokenizer } = text;
    await writeModelFolder(resolve(options.to), { config, parameters, tokenizer, provenance });
  }
  return {
    body: { written: options.body, ...body.provenance },
    config,
    text: {
      tokens: text.train.stream.length - 1,
      bytes: shardBytes(text.train),
      heldOutTokens: text.heldOut.stream.length - 1,
      heldOutBytes: shardBytes(text.heldOut),
      vocabulary: text.tokenizer.vocabularySize,
    },
    settings: { ...settings, embeddings: given === undefined ? "random" : options.embeddings },
    evaluations: evaluations.map(({ step, loss, heldOut }) => ({ step, loss, ...heldOut })),
    heldOut,
    unigram: unigram(text.train, heldOutBatches(text.heldOut, rows), config.vocab_size),
    engine: { backend: started.backend, adapter: started.adapter, threads: started.threads },
    seconds,
  };
}

async function prepareText(
  options: Options,
  body: Body,
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
  const { context } = dimensions(body.configFor(1));
  return await breathing(
    preparing(documents, { vocabulary: wanted, context, seed }),
    ({ phase, done, of }) => line.show(line.live ? `${phase} ${done}/${of}` : phase),
    { clock: systemClock, signal },
  );
}

/** DEPT begins at half the peak where embeddings were trained before (section 1.8 of its recipe, regime b). */
function rateOf({ peak, steps }: Options, { training }: Body, trained: boolean): LearningRateSettings {
  const usual = training?.learningRate.peak ?? 0.002;
  return adaptingRate(peak ?? (trained ? usual / 2 : usual), steps);
}

function shown({ evaluations, heldOut, unigram, text, body }: Result, to: string | undefined): string {
  const rows = evaluations.map(({ step, loss, bitsPerByte, nats, tokens }) => [
    String(step),
    loss === null ? "" : loss.toFixed(3),
    (nats / tokens).toFixed(3),
    bitsPerByte.toFixed(3),
  ]);
  const less = (100 * (1 - heldOut.bitsPerByte / unigram.bitsPerByte)).toFixed(1);
  return [
    table(["step", "training loss", "held out, nats a token", "bits per byte"], rows),
    "",
    `${body.written}: ${heldOut.bitsPerByte.toFixed(3)} bits per byte on all ${text.heldOutBytes} held-out bytes, ` +
      `${less} % less than a unigram model (${unigram.bitsPerByte.toFixed(3)}).`,
    ...(to === undefined ? [] : [`The model is in ${join(to, "model.safetensors")} and beside it.`]),
    "",
  ].join("\n");
}
