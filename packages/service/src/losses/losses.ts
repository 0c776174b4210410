// Blobs that a run needs and the disk has lost: which, by which entry of the journal it needs them, and what to do.

import type { RunId, Sha256 } from "@homebody/base";
import { type DropReason, type Use, usesOf } from "@homebody/coordinator";
import { type Blobs, blobFile, type Journal } from "@homebody/store/ports";
import { looked } from "../existing.ts";
import { pagesOf } from "../run/open-run.ts";

export interface Loss {
  readonly hash: Sha256;
  readonly reason: DropReason;
}

/** Those of these blobs that are not there, or have other bytes. */
export async function lossesOf(
  hashes: Iterable<Sha256>,
  blobs: Pick<Blobs, "get">,
): Promise<readonly Loss[]> {
  const losses: Loss[] = [];
  for (const hash of hashes) {
    const found = await looked(hash, blobs);
    if (typeof found === "string") losses.push({ hash, reason: found });
  }
  return losses;
}

/** Something that the run cannot do without is lost, and could not be made again. */
export class LostBlobs extends Error {
  readonly losses: readonly Loss[];

  constructor(sentences: readonly string[], losses: readonly Loss[]) {
    super(
      `${sentences.join("; ")}. Put ${losses.length === 1 ? "the file" : "these files"} back from a backup: the run ` +
        "goes on by itself when they are there. `homebody verify` lists all that is lost.",
    );
    this.name = "LostBlobs";
    this.losses = losses;
  }
}

/** With the entries of the journal that name them. */
export async function lostBlobs(
  losses: readonly Loss[],
  journal: Pick<Journal, "read">,
  run: RunId,
): Promise<LostBlobs> {
  const named = await naming(new Set(losses.map(({ hash }) => hash)), journal, run);
  return new LostBlobs(
    losses.map(({ hash, reason }) => lossSentence({ hash, reason }, named.get(hash))),
    losses,
  );
}

/** By which entry a blob is named, and for what. */
export interface Naming {
  readonly seq: number;
  readonly use: Use;
}

/** Of each of these blobs, the first entry that names it. */
export async function naming(
  hashes: ReadonlySet<Sha256>,
  journal: Pick<Journal, "read">,
  run: RunId,
): Promise<ReadonlyMap<Sha256, Naming>> {
  const found = new Map<Sha256, Naming>();
  if (hashes.size === 0) return found;
  for await (const entries of pagesOf(journal, run))
    for (const { seq, fact } of entries)
      for (const [hash, use] of usesOf(fact))
        if (hashes.has(hash) && !found.has(hash)) found.set(hash, { seq, use });
  return found;
}

/** `blobs/ab/...: missing; it is part of body 3 (journal entry 17)`. */
export function lossSentence({ hash, reason }: Loss, naming: Naming | undefined): string {
  const state = reason === "missing" ? "missing" : "its bytes are not those of its name";
  const what =
    naming === undefined
      ? "the journal does not name it"
      : `it is ${shownUse(naming.use)} (journal entry ${naming.seq})`;
  return `${blobFile(hash)}: ${state}; ${what}`;
}

function shownUse(use: Use): string {
  switch (use.kind) {
    case "text":
      return "text that the host serves";
    case "tokenizer":
      return "a tokenizer";
    case "body":
      return `part of body ${use.number}`;
    case "outer":
      return "what an outer optimiser keeps";
    case "step":
      return "an outer step";
    case "delta":
      return `a delta of round ${use.round}`;
    case "rows":
      return `a row map of round ${use.round}`;
    default:
      use satisfies never;
      throw new Error(`unknown use ${JSON.stringify(use)}`);
  }
}
