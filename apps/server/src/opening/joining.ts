// A new source of a run that is there [C21]: all that the host serves of it is made durable, then the fact that names it.
//
// By the run as it is stored, and not by what a file of today says of it or leaves out. The coordinator does it when it
// starts with a file that has more sources, the host with `homebody source add`; neither needs the run to be at work.

import { InputError, type Millis, type SourceId } from "@homebody/base";
import { decide, type Entry, followRun, mayJoin, type RunFold, withJoining } from "@homebody/coordinator";
import { exchangeOf, parameterCounts } from "@homebody/dept";
import {
  checkSourceOfFile,
  type ManifestSource,
  mostSources,
  type RunFile,
  type RunManifest,
  type SourceOfFile,
} from "@homebody/protocol";
import { type Faults, putFirst } from "@homebody/service";
import type { Blobs, Journal, Snapshots } from "@homebody/store/ports";
import { manifestServed } from "./tokenizers.ts";

export interface JoiningInputs {
  readonly journal: Journal;
  readonly blobs: Blobs;
  readonly snapshots?: Snapshots;
  readonly now: Millis;
  readonly faults: Faults;
}

export interface NewSource {
  /** As a run file has it: checked here. */
  readonly source: Pick<SourceOfFile, "id">;
  /** What its paths are relative to. */
  readonly folder: string;
  /** What its keys are called in errors. */
  readonly place: (key: string) => string;
}

/** Adds the facts of these sources to the run; leaves it as it was where no further round opens. Throws InputErrors. */
export async function joinSources(
  fold: RunFold,
  sources: readonly NewSource[],
  inputs: JoiningInputs,
): Promise<void> {
  for (const one of sources) if (mayJoin(fold.state) === undefined) await joinSource(fold, one, inputs);
}

async function joinSource(fold: RunFold, one: NewSource, inputs: JoiningInputs): Promise<void> {
  const { state, figures } = fold;
  const { journal, blobs, now, faults } = inputs;
  const run = withJoining(state);
  const source = await served(run, one, blobs);
  const manifest = { ...run, sources: [source] };
  const own = exchangeOf(manifest).sections.filter((section) => section.source !== null);
  const sections = await putFirst(manifest, own, blobs);
  await faults("join:before-fact");
  const phi = parameterCounts(manifest).phi[source.id]!;
  const decision = decide(state, { kind: "add-source", source, phi, sections }, now);
  if (!decision.ok) throw new Error(`source ${source.id}: expected it to join, got ${decision.refusal}`);
  await journal.append(run.run, figures.seq, now, decision.facts);
  followRun(
    fold,
    decision.facts.map((fact, i): Entry => ({ seq: figures.seq + 1 + i, at: now, fact })),
  );
}

async function served(
  run: RunManifest,
  { source: given, folder, place }: NewSource,
  blobs: Blobs,
): Promise<ManifestSource> {
  const others = new Set<string>(run.sources.map(({ id }) => id));
  const source = checkSourceOfFile(run, given, others, place);
  if (others.size >= mostSources)
    throw new InputError(place("id"), `no further source: a run has at most ${mostSources}`, source.id);
  const { run: _, start: _start, ...rest } = run;
  const file: RunFile = { ...rest, sources: [source] };
  const known = vocabularyOfAll(run);
  const { sources } = await manifestServed(file, folder, blobs, {
    known: known && new Map([[source.id as SourceId, known]]),
    place: (_i, key) => place(key),
  });
  return sources[0]!;
}

/** A vocabulary for all sources stays what it was trained on when the run was created. */
function vocabularyOfAll({ vocabulary, sources }: RunManifest) {
  const { tokenizer, vocabulary: size } = sources[0]!;
  return vocabulary.kind === "global" && tokenizer !== null ? { ...tokenizer, vocabulary: size } : undefined;
}
