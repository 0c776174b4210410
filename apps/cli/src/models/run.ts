// A run from outside: its manifest, its figures, a body (the latest, unless another is asked for) and that body's sections, from a
// coordinator's data folder (which may be running) or from its address.

import { existsSync } from "node:fs";
import { join } from "node:path";
import { hasher, InputError, type NamedTensors, type Sha256, sha256Of } from "@homebody/base";
import {
  type BodyFigure,
  bodiesKept,
  bodyRef,
  type Entry,
  type Figures,
  keepsBody,
} from "@homebody/coordinator";
import { decodeSection, exchangeOf } from "@homebody/dept";
import { downloadFolders, downloads, type RunManifest, type SectionName } from "@homebody/protocol";
import { foldJournal } from "@homebody/service";
import {
  BlobDamaged,
  folderBlobs,
  type Journal,
  type JournalEntry,
  readJournalFile,
  sqliteJournal,
} from "@homebody/store";
import { askCoordinator, askJson, type ServedFiles } from "@homebody/volunteer/node";
import { coordinatorUrl, looksLikeAddress } from "../address.ts";

export interface FoundRun {
  readonly manifest: RunManifest;
  readonly figures: Figures;
  /** Its entries, as lines of `/api/journal.jsonl`. */
  readonly journal: { readonly entries: number; readonly sha256: Sha256 };
  /** The latest that was published, or that which was asked for. */
  readonly body: BodyFigure;
  /** Sources that sent deltas which were accepted. */
  readonly learntFrom: ReadonlySet<string>;
  /** Of that body; undefined where it is no part of bodies. */
  section(name: SectionName): Promise<NamedTensors | undefined>;
  /** What the host serves beside bodies: texts and tokenizers, by their path. */
  readonly served: ServedFiles;
}

/** Where entries and blobs come from. */
interface Place {
  readonly where: string;
  readonly journal: Pick<Journal, "runs" | "read">;
  /** A served file: `/bodies/<sha256>`, `/steps/<sha256>`, `/texts/<sha256>`, `/tokenizers/<sha256>`. */
  file(path: string): Promise<Uint8Array | undefined>;
}

export const isDataFolder = (path: string) =>
  existsSync(join(path, "journal.json")) || existsSync(join(path, "journal.sqlite"));

/** Whether a run is written so: as a data folder, or as an address. */
export const namesRun = (where: string) => looksLikeAddress(where) || isDataFolder(where);

/**
 * With its latest body, or that of the number. Throws an InputError where there is no run, no such body, or no coordinator that
 * answers.
 */
export async function findRun(where: string, body?: number): Promise<FoundRun> {
  if (!looksLikeAddress(where)) return await runInFolder(where, body);
  return await found(coordinatorAt(coordinatorUrl("address", where).origin), body);
}

async function runInFolder(dataDir: string, body: number | undefined): Promise<FoundRun> {
  const place = (await readJournalFile(dataDir))?.place;
  if (place?.kind === "postgres")
    throw new InputError(
      dataDir,
      "a run whose journal is in the folder (of one in PostgreSQL give its coordinator's address)",
      `a journal in ${place.address}`,
    );
  const journal = sqliteJournal(join(dataDir, "journal.sqlite"));
  try {
    const blobs = await folderBlobs(join(dataDir, "blobs"));
    const file = (path: string) => blobs.get(path.slice(path.lastIndexOf("/") + 1) as Sha256);
    return await found({ where: dataDir, journal, file }, body);
  } finally {
    await journal.close();
  }
}

/** What anybody may download for as long as it is kept; a delta is for its reviewer, and not for long. */
const lasting = downloads.filter((kind) => kind !== "review");

/** A run's journal and its public blobs, as a coordinator serves them, each held to its hash; `has`: whether blobs of a kind are served. */
export async function servedRun(address: string) {
  const { journal, file } = coordinatorAt(coordinatorUrl("address", address).origin);
  const [run] = await journal.runs();
  const get = async (hash: Sha256): Promise<Uint8Array | undefined> => {
    for (const kind of lasting) {
      const bytes = await file(`/${downloadFolders[kind]}/${hash}`).catch((error: Error) => {
        if (!error.message.includes("status 404")) throw error;
        return undefined;
      });
      if (bytes === undefined) continue;
      const got = sha256Of(bytes);
      if (got !== hash) throw new BlobDamaged(hash, `${bytes.length} bytes of hash ${got}`);
      return bytes;
    }
    return undefined;
  };
  const has = (kind: string) => lasting.some((one) => one === kind);
  return { run: run!, journal, blobs: { get, size: async () => undefined }, has };
}

function coordinatorAt(url: string): Place {
  return {
    where: url,
    journal: {
      runs: async () => [((await askJson(url, "/api/run")) as RunManifest).run],
      read: async (_, after, limit) => {
        const entries: JournalEntry[] = [];
        for (;;) {
          // A page may be shorter than was asked for [P32].
          const at = `after=${after + entries.length}&limit=${limit - entries.length}`;
          const { entries: page, last } = (await askJson(url, `/api/journal?${at}`)) as JournalPage;
          entries.push(...page);
          if (page.length === 0 || entries.length >= limit || entries.at(-1)!.seq >= last) return entries;
        }
      },
    },
    file: async (path) => new Uint8Array(await (await askCoordinator(url, path)).arrayBuffer()),
  };
}

async function found({ where, journal, file }: Place, number: number | undefined): Promise<FoundRun> {
  const [run, another] = await journal.runs();
  if (run === undefined || another !== undefined)
    throw new InputError(where, "the journal of one run", run === undefined ? "none" : "several");
  const hash = hasher();
  let published: BodyFigure | undefined;
  const fold = await foldJournal(hashed(journal, hash), run, {
    read: async (entries) => {
      published ??= publishedIn(entries, number);
    },
  });
  if (fold === undefined) throw new InputError(where, "a run with a body", "none");
  const { manifest } = fold.state;
  const figures = fold.figures.now();
  const body = chosenBody(where, figures, number, published);
  const { sections } = exchangeOf(manifest);
  return {
    manifest,
    figures,
    journal: { entries: figures.seq, sha256: hash.done() },
    body,
    learntFrom: new Set<string>(figures.learntFrom),
    section: async (name) => {
      const ofBody = body.sections.find((one) => one.name === name);
      const section = sections.find((one) => one.name === name);
      if (ofBody === undefined || section === undefined) return undefined;
      const { sha256 } = ofBody;
      const bytes = await file(`/bodies/${sha256}`);
      const got = bytes === undefined ? "nothing" : sha256Of(bytes);
      if (got !== sha256)
        throw new InputError(`${where}, section ${name} of body ${body.number}`, `hash ${sha256}`, got);
      return decodeSection(section, bytes!);
    },
    served: {
      download: async (path) => {
        const bytes = await file(path);
        if (bytes === undefined)
          throw new InputError(where, `a file ${path} that the host serves`, "nothing");
        return bytes;
      },
    },
  };
}

/** What `/api/journal` answers. */
interface JournalPage {
  readonly entries: readonly JournalEntry[];
  /** Of the journal. */
  readonly last: number;
}

/** A journal that is read once, from its beginning: each entry goes into the hash as a line. */
function hashed(journal: Place["journal"], hash: ReturnType<typeof hasher>): Pick<Journal, "read"> {
  const utf8 = new TextEncoder();
  return {
    read: async (run, after, limit) => {
      const entries = await journal.read(run, after, limit);
      for (const entry of entries) hash.add(utf8.encode(`${JSON.stringify(entry)}\n`));
      return entries;
    },
  };
}

/** Figures leave out most bodies of long ago; the journal has all. */
function publishedIn(entries: readonly Entry[], number: number | undefined): BodyFigure | undefined {
  for (const { at, fact } of entries)
    if (fact.kind === "published" && fact.round === number) return { ...bodyRef(number, fact.sections), at };
  return undefined;
}

function chosenBody(
  where: string,
  { bodies, published: latest, manifest }: Figures,
  number: number | undefined,
  published: BodyFigure | undefined,
): BodyFigure {
  const asked = number ?? latest;
  const body = bodies.find((one) => one.number === asked) ?? published;
  if (body !== undefined && keepsBody(asked, latest, manifest)) return body;
  throw new InputError(
    `${where}, body`,
    `one that is kept (of 0 to ${latest}: ${bodiesKept(manifest)})`,
    String(asked),
  );
}
