// A source is added to a run that is at rest in its data folder; the next start of its coordinator goes on with it.

import { InputError, type Millis } from "@homebody/base";
import { mayJoin, withJoining } from "@homebody/coordinator";
import type { ManifestSource, RunManifest } from "@homebody/protocol";
import { type Faults, resumeRun } from "@homebody/service";
import { openStore, type Store } from "@homebody/store";
import { atRest } from "../folder/at-rest.ts";
import { joinSources, type NewSource } from "./joining.ts";

export interface AddSourceOptions extends NewSource {
  readonly dataDir: string;
  readonly databaseUrl?: string;
  readonly clock?: () => Millis;
  readonly faults?: Faults;
}

export interface AddedSource {
  /** With the source in it. */
  readonly manifest: RunManifest;
  readonly source: ManifestSource;
  /** It takes part when the round that is under way has ended. */
  readonly waits: boolean;
}

/** Throws an InputError where there is no run, a coordinator is at work on it, or it cannot have this source. */
export async function addSource(options: AddSourceOptions): Promise<AddedSource> {
  const { dataDir, databaseUrl } = options;
  return atRest(dataDir, async () => {
    const store = await openStore(databaseUrl === undefined ? { dataDir } : { dataDir, databaseUrl });
    try {
      return await add(store, options);
    } finally {
      await store.close();
    }
  });
}

async function add(
  store: Pick<Store, "journal" | "blobs" | "snapshots" | "run">,
  { dataDir, clock = () => Date.now() as Millis, faults = () => {}, ...given }: AddSourceOptions,
): Promise<AddedSource> {
  const runs = await store.run.candidates();
  const fold = runs.length === 1 ? await resumeRun(store, runs[0]!) : undefined;
  if (fold === undefined) throw new InputError("data folder", "one that holds a run", dataDir);
  const { state } = fold;
  await store.run.claim(state.manifest.run);
  if (mayJoin(state) !== undefined)
    throw new InputError(given.place("id"), "a run of which a further round opens", "one that is at its end");
  const { id } = given.source;
  await joinSources(fold, [given], { ...store, now: clock(), faults });
  const manifest = withJoining(state);
  return {
    manifest,
    source: manifest.sources.find((source) => source.id === id)!,
    waits: state.joining.some(({ source }) => source.id === id),
  };
}
