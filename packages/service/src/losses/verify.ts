// Whether a run is what its journal says [C47]: the journal's form, the bytes of every blob, and each body as it follows from its
// round, where what that was made of is kept.

import type { RunId, Sha256 } from "@homebody/base";
import { bodiesKept, isKeptForGood, type RunFold } from "@homebody/coordinator";
import type { Journal } from "@homebody/store/ports";
import { foldJournal } from "../run/open-run.ts";
import { lossesOf, lossSentence, naming } from "./losses.ts";
import { type RecomputeInputs, recomputer, stepsOf } from "./recompute.ts";

export interface VerifyInputs extends RecomputeInputs {
  readonly journal: Pick<Journal, "read">;
  readonly run: RunId;
  /** Blobs that are looked at beside those that the run needs: all that there are. */
  readonly others: readonly Sha256[];
  /** Whether a blob of this kind can be had. */
  readonly has: (kind: string) => boolean;
  readonly show: (line: string) => void;
}

export interface Verified {
  /** Of the journal. */
  readonly entries: number;
  /** How many were read. */
  readonly blobs: number;
  /** A sentence for each that is lost. */
  readonly lost: readonly string[];
  /** Which bodies are kept, in words. */
  readonly keptBodies: string;
  /** Bodies that are what follows from their rounds. */
  readonly recomputed: readonly number[];
  /** Bodies that are not. */
  readonly different: readonly number[];
  /** Bodies of which that cannot be told: their deltas are not kept. */
  readonly unknown: readonly number[];
}

/** Throws an InputError where the journal is no journal of a run. The run may be at work meanwhile. */
export async function verifyRun(inputs: VerifyInputs): Promise<Verified> {
  const { journal, run, blobs, others, show } = inputs;
  const before = await needed(inputs);
  const all = new Set([...before.hashes, ...others]);
  show(`reading ${all.size} blobs`);
  const suspects = await lossesOf(all, blobs);
  // A run that is at work lets go of blobs: what it needs by now counts.
  const now = suspects.length === 0 ? before : await needed(inputs);
  const losses = suspects.filter(({ hash, reason }) => reason === "damaged" || now.hashes.has(hash));
  const named = await naming(new Set(losses.map(({ hash }) => hash)), journal, run);
  const bodies = { recomputed: [] as number[], different: [] as number[], unknown: [] as number[] };
  const again = recomputer(inputs);
  await again.begin(before.fold.state.manifest);
  for await (const step of stepsOf(journal, run)) {
    const { round } = step.work;
    show(`body ${round}`);
    const isSame = await again.step(step);
    bodies[isSame === null ? "unknown" : isSame ? "recomputed" : "different"].push(round);
  }
  return {
    entries: now.fold.figures.seq,
    blobs: all.size,
    keptBodies: bodiesKept(now.fold.state.manifest),
    lost: losses.map((loss) => lossSentence(loss, named.get(loss.hash))),
    ...bodies,
  };
}

interface Needed {
  readonly fold: RunFold;
  readonly hashes: ReadonlySet<Sha256>;
}

/** What the run needs by its journal, bodies that are kept for good among them. */
async function needed({ journal, run, has }: VerifyInputs): Promise<Needed> {
  const kept: Sha256[] = [];
  const fold = await foldJournal(journal, run, {
    read: async (entries, { state }) => {
      for (const { fact } of entries)
        if (fact.kind === "published" && isKeptForGood(fact.round, state.manifest))
          kept.push(...fact.sections.map(({ sha256 }) => sha256));
    },
  });
  if (fold === undefined) throw new Error(`run ${run}: expected its journal, got none`);
  const uses = fold.blobs
    .uses()
    .flatMap(([hash, uses]) => (uses.some(({ kind }) => has(kind)) ? [hash] : []));
  return { fold, hashes: new Set([...uses, ...(has("body") ? kept : [])]) };
}
