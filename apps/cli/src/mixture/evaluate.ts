// homebody evaluate --mixture: a run's models as one, beside each of them and beside models of one vocabulary.

import { parseArgs } from "node:util";
import { InputError } from "@homebody/base";
import { version } from "@homebody/protocol";
import { engineOf } from "../engine.ts";
import { type Corpus, type GivenTexts, givenCorpora, givenTexts, ownCorpus } from "../evaluate/corpora.ts";
import { describe } from "../evaluate/describe.ts";
import type { TrainedModel } from "../models/of-run.ts";
import { backendName, positiveNumber, wholeNumber } from "../options.ts";
import { reported, resultJson } from "../reported.ts";
import { modelsToMix, withLoaded } from "./loaded.ts";
import { type MeasuringOptions, mixtureMeasurer } from "./measure.ts";
import { type Passages, passagesOf } from "./passages.ts";
import { costTable, foundTable } from "./tables.ts";

export const mixtureUsage = `homebody evaluate --mixture RUN [MODEL ...] [--corpora DIR] [--text PATH ... [--language TAG]] [--share X] [--bytes N]
                            [--seed N] [--backend webgpu|wasm] [--json]

  --mixture      all models of RUN as one model of bytes, mixed equally (uniform) and by what each gave to the text so far
                 (likelihood); beside each of them alone, and beside each MODEL, of one vocabulary for example (GLOB). On
                 held-out text of each source, on text that goes over from one to another in mid-sentence, and on
                 --corpora and --text
  --share X      of all weight is dealt out anew after each byte, so that a text may change its language (0.01)
  --bytes N      of each text, about: beginnings of documents (2000)
`;

interface Options extends GivenTexts {
  readonly run: string;
  readonly models: readonly string[];
  readonly share: number;
  readonly bytes: number;
  readonly backend: ReturnType<typeof backendName>;
  readonly json: boolean;
}

export async function evaluateMixture(args: readonly string[]): Promise<number> {
  const options = read(args);
  return await reported(async (line, { breathe }) => {
    const result = await evaluate(options, { show: line.show, breathe });
    if (options.json) return resultJson(result, args);
    return `${foundTable(result.rows, options.share)}\n\n${costTable(result.costs)}\n`;
  });
}

/** Throws an InputError that names the option. */
function read(args: readonly string[]): Options {
  const { values, positionals } = parseArgs({
    args: [...args],
    allowPositionals: true,
    options: {
      mixture: { type: "boolean" },
      corpora: { type: "string" },
      text: { type: "string", multiple: true },
      language: { type: "string" },
      share: { type: "string", default: "0.01" },
      bytes: { type: "string", default: "2000" },
      seed: { type: "string", default: "1" },
      backend: { type: "string" },
      json: { type: "boolean", default: false },
    },
  });
  const [run, ...models] = positionals;
  if (run === undefined)
    throw new InputError("evaluate --mixture", "a coordinator's data folder or URL", "none");
  return {
    run,
    models,
    ...givenTexts(values),
    share: positiveNumber("--share", values.share, 0.5),
    bytes: wholeNumber("--bytes", values.bytes, 1, 1_000_000_000),
    backend: backendName(values.backend),
    json: values.json,
  };
}

async function evaluate(options: Options, how: Pick<MeasuringOptions, "show" | "breathe">) {
  how.show("reading models and texts");
  const mixed = await modelsToMix(options.run);
  const others = (await Promise.all(options.models.map(modelsToMix))).flat();
  const texts = await textsFor(mixed, options);
  const engine = engineOf({ backend: options.backend, threads: 1 }, how.show); // a prefix is read on one core
  const { backend, adapter, device } = await engine();
  return await withLoaded([...mixed, ...others], device.predictor, async (loaded) => {
    const measurer = mixtureMeasurer(loaded.slice(0, mixed.length), loaded.slice(mixed.length), {
      ...how,
      share: options.share,
    });
    const rows = [];
    for (const text of texts) rows.push(await measurer.measure(text));
    return {
      homebody: version,
      engine: { backend, adapter },
      share: options.share,
      bytes: options.bytes,
      seed: options.seed,
      models: [...mixed, ...others].map(describe),
      rows,
      costs: measurer.costs(),
    };
  });
}

/** Each source's own, those together, and what is given besides. */
async function textsFor(models: readonly TrainedModel[], options: Options): Promise<readonly Passages[]> {
  const { bytes, seed } = options;
  const own = new Map<string, Corpus>();
  for (const { source, text } of models.flatMap((model) => model.own))
    if (!own.has(source.id)) own.set(source.id, ownCorpus(source.id, source.language, text));
  const given = await givenCorpora(options);
  const languages = [...own.values()].map(({ name, documents }) => ({ name, documents: documents.heldOut }));
  const learnt = new Set([...own.values()].flatMap(({ name, language }) => [name, language]));
  const others = given.map(({ name, language, documents }) => ({
    name,
    documents: documents.heldOut,
    learnt: learnt.has(language) || learnt.has(name),
  }));
  const texts = passagesOf(languages, others, bytes, seed);
  if (texts.length > 0) return texts;
  throw new InputError("--corpora, --text", `a text to measure ${options.run} on`, "none");
}
