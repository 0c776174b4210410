// From a data folder and a run file to a run that can go on: the journal is read, or begun.
//
// A data folder holds one run, whose manifest was stored when it was created, every default included. A file on that folder
// is compared in what is written in it: other values of what may not change are refused key by key, before anything is
// written; what may change becomes a fact, and so does a source that the run does not have yet; what it leaves out stays as it was,
// whatever the defaults are today.

import { InputError, type Millis, type RunId, type SourceId, sha256Of } from "@homebody/base";
import {
  type Command,
  type Entry,
  evolve,
  evolveFigures,
  type Fact,
  type Figures,
  type RunState,
  readEntry,
  replay,
} from "@homebody/coordinator";
import { exchangeOf, parameterCounts } from "@homebody/dept";
import {
  type Difference,
  fixedDifferences,
  manifestOf,
  type RunFile,
  type RunManifest,
  schemaVersion,
  shown,
  sourcesToJoin,
  type Tokenizers,
  version,
  withChanges,
} from "@homebody/protocol";
import type { Blobs, Journal } from "@homebody/store/ports";
import type { LoadedRunFile } from "./run-file.ts";
import { putFirst } from "./sections.ts";
import { servedTexts } from "./texts.ts";
import { givenTokenizers, servedTokenizers, withRows } from "./tokenizers.ts";

type Joining = Omit<Extract<Command, { kind: "add-source" }>, "kind">;

export interface OpenedRun {
  readonly state: RunState;
  /** The run's manifest with what the file changes of it; as it is where the file changes nothing. */
  readonly changed: RunManifest;
  /** Sources of the file that the run does not have yet. */
  readonly joining: readonly Joining[];
  readonly figures: Figures;
  readonly entries: readonly Entry[];
  /** The run was here before. */
  readonly existed: boolean;
}

/** The data folder holds another run, or the same one with values that may not change. */
export class RunMismatch extends Error {
  readonly keys: readonly string[];

  constructor(folder: string, keys: readonly { key: string; was: unknown; is: unknown }[]) {
    const lines = keys.map(
      ({ key, was, is }) => `  ${key}: the run in this folder has ${shown(was)}, the file ${shown(is)}`,
    );
    super(
      `${folder} holds a run whose file differs where it may not:\n${lines.join("\n")}\n` +
        "Keep these values, or give the new run a data folder of its own.",
    );
    this.name = "RunMismatch";
    this.keys = keys.map(({ key }) => key);
  }
}

/** The run in the folder, if there is one; else a new one by the file. */
export async function openRun(
  { file, folder, written }: LoadedRunFile,
  { journal, blobs, dataDir, now }: { journal: Journal; blobs: Blobs; dataDir: string; now: Millis },
): Promise<OpenedRun> {
  const hash = async (bytes: Uint8Array) => sha256Of(bytes);
  const ofFile = manifestOf(
    file,
    await servedTexts(file, folder, hash),
    await givenTokenizers(file, folder, hash),
  );
  exchangeOf(ofFile); // an impossible model is said before anything is written
  const found = await findRun(journal, ofFile, written);
  if (found === undefined) return await begin(await withServed(file, folder, blobs), { journal, blobs, now });
  if (found.differences.length > 0) throw new RunMismatch(dataDir, found.differences);
  const { entries, state } = found;
  const figures = evolveFigures(undefined, entries)!;
  const changed = withChanges(state.manifest, file, written);
  const joining = await joiningSources(changed, ofFile, { file, folder, blobs });
  return { state, changed, joining, figures, entries, existed: true };
}

/** The manifest by the file, with what the host serves durable in the blobs. `known`: tokenizers that are there. */
async function withServed(
  file: RunFile,
  folder: string,
  blobs: Blobs,
  known?: Tokenizers,
): Promise<RunManifest> {
  const texts = await servedTexts(file, folder, blobs.put);
  const given = known ?? (await givenTokenizers(file, folder, blobs.put));
  const tokenizers = await servedTokenizers(file, given, texts, blobs);
  const manifest = manifestOf(file, texts, tokenizers);
  return manifestOf(file, await withRows(manifest, texts, blobs), tokenizers);
}

/** Sources of the file that the run does not have yet, with what the host serves of them durable in the blobs. */
async function joiningSources(
  stored: RunManifest,
  ofFile: RunManifest,
  { file, folder, blobs }: { readonly file: RunFile; readonly folder: string; readonly blobs: Blobs },
): Promise<readonly Joining[]> {
  const ids = new Set(sourcesToJoin(stored, ofFile).map(({ id }) => id));
  if (ids.size === 0) return [];
  const own = { ...file, sources: file.sources.filter(({ id }) => ids.has(id as SourceId)) };
  // A vocabulary for all sources stays what it was trained on when the run was created.
  const { vocabulary, tokenizer } = stored.sources[0]!;
  const known =
    stored.vocabulary.kind === "global" && tokenizer !== null
      ? new Map([...ids].map((id) => [id, { ...tokenizer, vocabulary }]))
      : undefined;
  const { sources } = await withServed(own, folder, blobs, known);
  const joining: Joining[] = [];
  for (const source of sources) {
    const manifest = { ...stored, sources: [source] };
    const sections = exchangeOf(manifest).sections.filter((section) => section.source !== null);
    const { phi } = parameterCounts(manifest);
    joining.push({ source, phi: phi[source.id]!, sections: await putFirst(manifest, sections, blobs) });
  }
  return joining;
}

interface FoundRun {
  readonly state: RunState;
  readonly entries: readonly Entry[];
  /** Between what is stored and what is written in the file, of what may not change. */
  readonly differences: readonly Difference[];
}

/**
 * A data folder has one run: that one, whatever its file says. A database may have several: the one that the file fits.
 * By what is stored and not by an id made anew, so that a run is found whatever became of defaults.
 */
async function findRun(
  journal: Journal,
  ofFile: RunManifest,
  written: unknown,
): Promise<FoundRun | undefined> {
  const runs = await journal.runs();
  const differing = (state: RunState, created: RunManifest) => {
    const first = new Set(created.sources.map(({ id }) => id));
    const stored = {
      ...state.manifest,
      sources: [...state.manifest.sources, ...state.joining.map(({ source }) => source)],
    };
    const joined = new Set(stored.sources.map(({ id }) => id).filter((id) => !first.has(id)));
    return fixedDifferences(stored, ofFile, written, joined);
  };
  const read = async (run: RunId, limit?: number): Promise<FoundRun> => {
    const entries = await readJournal(journal, run, limit);
    const first = entries[0]?.fact;
    if (first?.kind !== "created")
      throw new Error(`journal: expected a created fact first, got ${first?.kind ?? "none"}`);
    const state = replay(entries)!;
    return { entries, state, differences: differing(state, first.manifest) };
  };
  if (runs.length <= 1) return runs[0] && (await read(runs[0]));
  for (const run of runs) {
    const found = await read(run);
    if (found.differences.length === 0) return found;
  }
  throw new InputError(
    "journal",
    "one run, or one that the run file fits",
    `${runs.length}: ${runs.join(", ")}`,
  );
}

async function begin(
  manifest: RunManifest,
  { journal, blobs, now }: { journal: Journal; blobs: Blobs; now: Millis },
): Promise<OpenedRun> {
  const sections = await putFirst(manifest, exchangeOf(manifest).sections, blobs);
  const fact: Fact = {
    kind: "created",
    schema: schemaVersion,
    homebody: version,
    manifest,
    parameters: parameterCounts(manifest),
    sections,
  };
  await journal.append(manifest.run, 0, now, [fact]);
  const entry: Entry = { seq: 1, at: now, fact };
  const figures = evolveFigures(undefined, [entry])!;
  return {
    state: evolve(undefined, entry),
    changed: manifest,
    joining: [],
    figures,
    entries: [entry],
    existed: false,
  };
}

const page = 1000;

/** The entries of a run, all or the first so many, in today's form. */
export async function readJournal(
  journal: Pick<Journal, "read">,
  run: RunId,
  limit = Number.POSITIVE_INFINITY,
): Promise<readonly Entry[]> {
  const entries: Entry[] = [];
  while (entries.length < limit) {
    const more = await journal.read(run, entries.length, Math.min(page, limit - entries.length));
    for (const entry of more) entries.push(readEntry(entry));
    if (more.length < page) break;
  }
  return entries;
}
