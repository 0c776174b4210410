// homebody evaluate: measures trained models, on texts that they learnt from and on texts that they never saw.

import { parseArgs } from "node:util";
import { InputError } from "@homebody/base";
import { type Pair, scorerOf } from "@homebody/experiment";
import { version } from "@homebody/protocol";
import type { Trainer } from "@homebody/train";
import { engineOf } from "./engine.ts";
import { type Corpus, type GivenTexts, givenCorpora, givenTexts, ownCorpus } from "./evaluate/corpora.ts";
import { describe } from "./evaluate/describe.ts";
import {
  breathingTrainer,
  createMeasurer,
  judged,
  type Measure,
  type MeasureOptions,
  measures,
  rowsAtOnce,
} from "./evaluate/measure.ts";
import { readPairs } from "./evaluate/pairs-file.ts";
import { type FileRow, fileTable, lostNote, measureTable, type Row } from "./evaluate/tables.ts";
import { evaluateMixture, mixtureUsage } from "./mixture/evaluate.ts";
import type { TrainedModel } from "./models/of-run.ts";
import { withTrainer } from "./models/on-engine.ts";
import { findModels } from "./models/trained.ts";
import { backendName, wholeNumber } from "./options.ts";
import { reported, resultJson } from "./reported.ts";

export const usage = `
homebody evaluate MODEL ... [--corpora DIR] [--text PATH ... [--language TAG]]
                  [--measures ${measures.join(",")}]
                  [--rows N] [--pairs N] [--pairs-file FILE] [--seed N] [--backend webgpu|wasm] [--threads N] [--json]

  MODEL          a model folder (config.json, model.safetensors, tokenizer.json), or a run: a coordinator's data folder or URL, with
                 #SOURCE behind it for one source. Its latest body, on the held-out text of each source that is at hand: with the
                 words of the body (GLOB, TRIM, words of sources), or with those of each volunteer, as npm start leaves
                 them in the data folder
  --corpora DIR  a folder for each language, named by it: files called valid or held-out are held out, else a tenth is
  --text PATH    files or folders of one more text, of which a tenth is held out (by the seed, as in homebody adapt)
  --measures     bits-per-byte; perplexity (shown where all models share a tokenizer); unigram: the loss less that of
                 a unigram model; udhr: bits of the Universal Declaration's 31 articles in that language, which compare
                 across languages and vocabularies; pairs: how often a held-out sentence is likelier than itself with
                 two words swapped, or one replaced by another as common and as long (all of them)
  --rows N       held-out rows that are evaluated (all)
  --pairs N      pairs of each kind (200)
  --pairs-file FILE  minimal pairs of your own, as MultiBLiMP (.tsv) and BLiMP (.jsonl) have them
  --json         numbers with where they come from, instead of tables

${mixtureUsage}`;

interface Options extends GivenTexts, Omit<MeasureOptions, "show" | "breathe"> {
  readonly models: readonly string[];
  readonly pairsFile: string | undefined;
  readonly backend: ReturnType<typeof backendName>;
  readonly threads: number | undefined;
  readonly json: boolean;
}

export async function run(args: readonly string[]): Promise<number> {
  if (args.includes("--mixture")) return await evaluateMixture(args);
  const options = read(args);
  return await reported(async (line, { breathe }) => {
    const result = await evaluate(options, { ...options, show: line.show, breathe });
    return options.json ? resultJson(result, args) : shown(result, options);
  });
}

function read(args: readonly string[]): Options {
  const { values, positionals } = parseArgs({
    args: [...args],
    allowPositionals: true,
    options: {
      corpora: { type: "string" },
      text: { type: "string", multiple: true },
      language: { type: "string" },
      measures: { type: "string", default: measures.join(",") },
      rows: { type: "string" },
      pairs: { type: "string", default: "200" },
      "pairs-file": { type: "string" },
      seed: { type: "string", default: "1" },
      backend: { type: "string" },
      threads: { type: "string" },
      json: { type: "boolean", default: false },
    },
  });
  if (positionals.length === 0)
    throw new InputError("evaluate", "a model folder, or a coordinator's data folder or URL", "none");
  const wanted = values.measures.split(",").map((name) => {
    const measure = measures.find((one) => one === name);
    if (measure === undefined) throw new InputError("--measures", measures.join(", "), name);
    return measure;
  });
  return {
    models: positionals,
    ...givenTexts(values),
    measures: new Set<Measure>(["bits-per-byte", ...wanted]),
    rows: values.rows === undefined ? "all" : wholeNumber("--rows", values.rows, 1, 1_000_000),
    pairs: wholeNumber("--pairs", values.pairs, 1, 1_000_000),
    pairsFile: values["pairs-file"],
    backend: backendName(values.backend),
    threads: values.threads === undefined ? undefined : wholeNumber("--threads", values.threads, 1, 64),
    json: values.json,
  };
}

type Result = Awaited<ReturnType<typeof evaluate>>;

async function evaluate(options: Options, how: MeasureOptions) {
  how.show("reading models and texts");
  const models = (await Promise.all(options.models.map(findModels))).flat();
  const corpora = await givenCorpora(options);
  const pairs = options.pairsFile === undefined ? undefined : await readPairs(options.pairsFile);
  const alone = models.find(({ own }) => own.length === 0);
  if (alone !== undefined && corpora.length === 0 && pairs === undefined)
    throw new InputError("--corpora, --text", `a text to measure ${alone.name} on`, "none");

  const { backend, adapter, ...started } = await engineOf(options, how.show)();
  const measurer = createMeasurer(how);
  const rows: Row[] = [];
  const fileRows: FileRow[] = [];
  for (const model of models)
    await withTrainer(model, rowsAtOnce, started, async (trainer) => {
      for (const { corpus, seen } of textsFor(model, corpora)) {
        const { name, language } = corpus;
        rows.push({
          model: model.name,
          corpus: name,
          language,
          seen,
          measured: await measurer(model, trainer, corpus),
        });
      }
      if (pairs !== undefined) fileRows.push(...(await ofFile(model, trainer, pairs, how)));
    });
  const described = models.map(describe);
  const sharedTokenizer = new Set(described.map(({ tokenizer }) => tokenizer)).size === 1;
  return {
    homebody: version,
    engine: { backend, adapter },
    seed: how.seed,
    models: described,
    sharedTokenizer,
    rows,
    pairsFile: options.pairsFile === undefined ? null : { path: options.pairsFile, rows: fileRows },
  };
}

/** The model's own texts, where they are at hand, and all others. */
function* textsFor(
  { own, sources }: TrainedModel,
  corpora: readonly Corpus[],
): Generator<{ readonly corpus: Corpus; readonly seen: Row["seen"] }> {
  for (const { source, text } of own)
    yield { corpus: ownCorpus(`${source.id} (its own)`, source.language, text), seen: "own" };
  const itsOwn = new Set<string>(own.flatMap(({ source: { id, language } }) => [id, language]));
  for (const corpus of corpora) {
    const isOf = (names: ReadonlySet<string>) => names.has(corpus.name) || names.has(corpus.language);
    yield {
      corpus,
      seen: sources === undefined ? null : isOf(itsOwn) ? "own" : isOf(sources) ? "body" : "no",
    };
  }
}

async function ofFile(
  model: TrainedModel,
  trainer: Pick<Trainer, "evaluate">,
  pairs: readonly Pair[],
  how: MeasureOptions,
): Promise<FileRow[]> {
  const scorer = scorerOf(breathingTrainer(model, trainer, how));
  const found = await judged(model, scorer, pairs, () => how.show(`${model.name}: pairs of the file`));
  return Object.entries(found).map(([kind, accuracy]) => ({ model: model.name, kind, accuracy }));
}

function shown({ rows, pairsFile, sharedTokenizer }: Result, { measures }: Options): string {
  const parts: string[] = [];
  if (rows.length > 0) parts.push(measureTable(rows, measures, sharedTokenizer));
  const note = lostNote(rows);
  if (note !== undefined) parts.push(note);
  if (rows.length > 0 && measures.has("perplexity") && !sharedTokenizer)
    parts.push(
      "Perplexities are left out: the models' tokenizers differ, so a token is not the same amount of text.",
    );
  if (pairsFile !== null) parts.push(fileTable(pairsFile.rows));
  return `${parts.join("\n\n")}\n`;
}
