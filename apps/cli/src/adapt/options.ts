// What homebody adapt is asked to do.

import { parseArgs } from "node:util";
import { InputError } from "@homebody/base";
import { bodyUsage } from "../models/body.ts";
import { backendName, onlyArgument, positiveNumber, seedText, wholeNumber } from "../options.ts";

export const usage = `
homebody adapt BODY --text PATH ... [--vocab N | --tokenizer FILE] [--steps N] [--freeze-body]
               [--embeddings random|MODEL|FILE ...] [--held-out PATH ...] [--seed N] [--batch N] [--context N]
               [--learning-rate X] [--backend webgpu|wasm] [--threads N] [--to DIR] [--json]

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
  --context N    tokens of a row: a short one takes less memory and time where the model's is long (the model's)
  --learning-rate X  the peak (as in the body's run, else 0.002; half of it with embeddings that were trained)
  --seed N       1
  --to DIR       writes the model into a folder that is new or empty, as Hugging Face's libraries read it (homebody export)
  --json         the result as JSON instead of a table
`;

export interface Options {
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
  /** Tokens of a row; undefined: the model's context. */
  readonly context: number | undefined;
  readonly peak: number | undefined;
  readonly seed: string;
  readonly backend: ReturnType<typeof backendName>;
  readonly threads: number | undefined;
  readonly to: string | undefined;
  readonly json: boolean;
}

/** Throws an InputError that names the option. */
export function readOptions(args: readonly string[]): Options {
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
      context: { type: "string" },
      "learning-rate": { type: "string" },
      seed: { type: "string", default: "1" },
      backend: { type: "string" },
      threads: { type: "string" },
      to: { type: "string" },
      json: { type: "boolean", default: false },
    },
  });
  const body = onlyArgument("adapt", "one body", positionals);
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
    context: whole("--context", values.context, 2, 1_000_000),
    peak: rate === undefined ? undefined : positiveNumber("--learning-rate", rate, 1),
    seed: seedText("--seed", values.seed),
    backend: backendName(values.backend),
    threads: whole("--threads", values.threads, 1, 64),
    to: values.to,
    json: values.json,
  };
}
