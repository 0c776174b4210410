// Which model of a run is exported: whose words, and of several of one source the best [X9].

import { statSync } from "node:fs";
import { basename } from "node:path";
import { InputError } from "@homebody/base";
import { requireParameters } from "@homebody/experiment";
import { type Model, provenanceOf, type RunOnCard } from "@homebody/export";
import type { ManifestSource } from "@homebody/protocol";
import { tokenizerServed } from "@homebody/volunteer/node";
import { looksLikeAddress } from "../address.ts";
import type { Engine } from "../engine.ts";
import { bodyOfRun } from "../models/body.ts";
import { readTokenizer, wordsInFiles } from "../models/embeddings.ts";
import { type TrainedModel, wholeModel, wholeModelsOfRun } from "../models/of-run.ts";
import type { FoundRun } from "../models/run.ts";
import { volunteersBeside, volunteersIn } from "../models/trained.ts";
import { measureWords } from "./measure-words.ts";

export interface Chosen extends Pick<RunOnCard, "source" | "words" | "rows" | "bitsPerByte"> {
  readonly model: Model;
  /** Lines that say what was chosen, and from what. */
  readonly said: readonly string[];
}

export interface Choice {
  readonly where: string;
  readonly source: string | undefined;
  readonly words: string | undefined;
  readonly tokenizer: string | undefined;
}

/** How several words are compared. */
interface Comparing {
  readonly engine: Engine;
  readonly show: (doing: string) => void;
}

/** Throws an InputError that says what is missing, or what has to be told apart. */
export async function chooseModel(run: FoundRun, choice: Choice, how: Comparing): Promise<Chosen> {
  const { sources } = run.manifest;
  const source = sources.find(({ id }) => id === choice.source);
  if (choice.source !== undefined && source === undefined)
    throw new InputError("--source", `one of ${sources.map(({ id }) => id).join(", ")}`, choice.source);
  const words = choice.words === undefined ? undefined : statSync(choice.words, { throwIfNoEntry: false });
  if (choice.words !== undefined && words === undefined)
    throw new InputError(
      "--words",
      "a volunteer's folder or a safetensors file",
      `nothing at ${choice.words}`,
    );
  if (words?.isFile()) return await withWordsOf(run, source, choice);
  if (choice.tokenizer !== undefined)
    throw new InputError("--tokenizer", "a file as --words, whose rows it names", choice.words ?? "none");
  how.show("reading words");
  const folders = choice.words === undefined ? await volunteersBeside(choice.where) : [choice.words];
  const models = await wholeModelsOfRun(choice.where, run, folders, choice.source);
  return await bestOf(run, models, choice, how);
}

async function bestOf(
  run: FoundRun,
  models: readonly TrainedModel[],
  choice: Choice,
  { engine, show }: Comparing,
): Promise<Chosen> {
  const [first, ...others] = models;
  if (first === undefined) throw noWords(choice);
  if (first.source === null) {
    if (choice.words === undefined) return ofAllSources(run, first);
    throw new InputError(
      "--words",
      "nothing, or a file, since all sources share the words of the body",
      choice.words,
    );
  }
  const ids = [...new Set(models.map(({ source }) => source!.id))];
  if (ids.length > 1)
    throw new InputError("--source", `one of those whose words are here: ${ids.join(", ")}`, "none");
  if (others.length === 0) return chosenOf(run, first, null, []);
  const measured = await measureWords(models, engine, show);
  const [best, ...rest] = measured.sort((a, b) => a.bitsPerByte - b.bitsPerByte);
  const said = rest.map(
    ({ model, bitsPerByte }) => `Left: ${nameOf(model)}, ${bitsPerByte.toFixed(3)} bits per byte.`,
  );
  return chosenOf(run, best!.model, best!.bitsPerByte, said);
}

function noWords({ where, source, words }: Choice): InputError {
  const of = source === undefined ? "" : ` of ${source}`;
  if (words !== undefined)
    return new InputError("--words", `a volunteer's folder with words${of} of this run`, words);
  return looksLikeAddress(where)
    ? new InputError("--words", `the words${of}, since they are no part of the body`, "none")
    : new InputError(
        "export",
        `words${of} in ${volunteersIn(where)}, as npm start leaves them, or --words`,
        "none that a delta was accepted with",
      );
}

const nameOf = ({ source, device }: TrainedModel): string =>
  device === null
    ? `the words of ${source!.id} in the body`
    : `the words of ${source!.id} of volunteer ${basename(device.folder)}, of round ${device.round}`;

function ofAllSources({ manifest }: FoundRun, model: TrainedModel): Chosen {
  const count = manifest.sources.length;
  const said = [`Words: those that all sources share (${count}).`];
  return { model, source: null, words: { kind: "run" }, rows: null, bitsPerByte: null, said };
}

function chosenOf(
  { manifest }: FoundRun,
  model: TrainedModel,
  bitsPerByte: number | null,
  others: readonly string[],
): Chosen {
  const { device, whole, source } = model;
  const measured = bitsPerByte === null ? "" : `, ${bitsPerByte.toFixed(3)} bits per byte on held-out text`;
  return {
    model: wholeModel(model, String(manifest.training.seed)),
    source,
    words: device === null ? { kind: "source" } : { kind: "device", round: device.round },
    rows: whole === null ? null : { held: whole.rows.ids.length, of: whole.rows.size },
    bitsPerByte,
    said: [`Words: ${nameOf(model)}${measured}.`, ...others],
  };
}

/** With embeddings in a file: of the source that is named, or of the only one. */
async function withWordsOf(
  run: FoundRun,
  named: ManifestSource | undefined,
  { words, tokenizer: path }: Choice,
): Promise<Chosen> {
  const { manifest } = run;
  const source = named ?? (manifest.sources.length === 1 ? manifest.sources[0] : undefined);
  if (source === undefined)
    throw new InputError(
      "--source",
      `whose words they are: ${manifest.sources.map(({ id }) => id).join(", ")}`,
      "none",
    );
  const tokenizer =
    path === undefined ? await tokenizerServed(source, run.served) : await readTokenizer(path);
  if (tokenizer === undefined)
    throw new InputError(
      "--tokenizer",
      "the tokenizer.json that the rows of these words stand for (or the volunteer's folder as --words)",
      "none",
    );
  const body = await bodyOfRun(run);
  const { config, embeddings } = await wordsInFiles("--words", [words!], tokenizer, body);
  const { phi, psi } = embeddings(config);
  requireParameters(config, "phi", phi, words!);
  requireParameters(config, "psi", psi, words!);
  return {
    model: {
      config,
      parameters: { theta: body.theta, phi, psi },
      tokenizer,
      provenance: { ...provenanceOf(manifest, run.body), source: source.id },
    },
    source,
    words: { kind: "given" },
    rows: null,
    bitsPerByte: null,
    said: [`Words: those in ${words!}, as words of ${source.id}.`],
  };
}
