// Which blobs a run names, and which of them it still needs.
//
// Bodies are kept as the run file says [C57]. What outer optimisers keep: the last. Outer steps: those that lead to the current
// body [C79]. Deltas, and the row maps that they are read by, until their round is published, and those that are to be reviewed until
// the next one is [C95]; where the run file keeps `all` for good, so that anyone with the blobs can recompute every body. Beside these, whatever it takes to go back to a body, as long as
// the run file says [C28]. Texts and tokenizers for good. This is the one place that knows which fact names which blob.
//
// Remembered are those that are in use now: as many as the run is large, and not as it is long. What is kept for good beyond
// that is found in the journal, by its hash (names.ts).

import type { Sha256 } from "@homebody/base";
import type { ManifestSource, RunManifest } from "@homebody/protocol";
import type { Entry, Fact } from "./facts.ts";
import type { RunState } from "./state.ts";
import { bodiesBack } from "./undo.ts";

/** What a blob is used for. */
export type Use =
  | { readonly kind: "text" }
  | { readonly kind: "tokenizer" }
  | { readonly kind: "body"; readonly number: number }
  | { readonly kind: "outer" }
  | { readonly kind: "step" }
  | { readonly kind: "delta" | "rows"; readonly round: number };

/** `review`: a delta that a peer is to measure [C95], which alone of all deltas is served. */
export type BlobKind = Use["kind"] | "review";
/** Equal contents are one blob, which may have several uses: one of each kind, the one that lasts longest. */
export type BlobUses = readonly (readonly [Sha256, readonly Use[]])[];

/** How far a run has got, for what is in use. */
type Reached = Pick<RunState, "body" | "outer" | "past" | "reviews" | "manifest">;

export interface Retention {
  /**
   * Takes facts in, in order, with the state after them. Returns the blobs that are in use no more: they may go, unless
   * the journal keeps them for good (`keptBy`).
   */
  follow(entries: readonly Entry[], state: Reached): readonly Sha256[];
  /** Blobs that are in use. */
  readonly size: number;
  /** What a blob is that is in use; undefined for all others. */
  kindOf(hash: Sha256): BlobKind | undefined;
  /** All that is remembered. */
  uses(): BlobUses;
}

/** Goes on from what another one remembered. */
export function retention(remembered: BlobUses = []): Retention {
  const uses = new Map<Sha256, Use[]>();
  /** Those with a use that comes to an end: all that a new body can make superfluous. */
  const passing = new Set<Sha256>();
  for (const [hash, own] of remembered) for (const use of own) name(hash, use);

  function name(hash: Sha256, use: Use): void {
    const own = uses.get(hash);
    const same = own?.findIndex(({ kind }) => kind === use.kind) ?? -1;
    if (own === undefined) uses.set(hash, [use]);
    else if (same < 0) own.push(use);
    else if (!lasts(own[same]!)) own[same] = use; // a later one is needed longer
    if (!lasts(use)) passing.add(hash);
  }

  /** Uses that are over go, and with its last one what is used. */
  function end(over: Set<Sha256>, isOver: (hash: Sha256, use: Use) => boolean): void {
    for (const hash of passing) {
      const still = uses.get(hash)!.filter((use) => !isOver(hash, use));
      if (still.every(lasts)) passing.delete(hash);
      if (still.length > 0) uses.set(hash, still);
      else {
        uses.delete(hash);
        over.add(hash);
      }
    }
  }

  return {
    follow(entries, state) {
      const over = new Set<Sha256>();
      // Asked for where something ends alone: it is as large as the run, and most facts end nothing.
      let known: ReadonlySet<Sha256> | undefined;
      const isUndoable = (hash: Sha256) => {
        known ??= blobsOf(state.past);
        return known.has(hash);
      };
      for (const { fact } of entries) {
        for (const [hash, use] of usesOf(fact)) name(hash, use);
        // When it opens again others may hold other rows.
        const isOfLapsed = (use: Use) =>
          fact.kind === "lapsed" && use.kind === "rows" && use.round === fact.round;
        if (fact.kind === "lapsed") end(over, (hash, use) => isOfLapsed(use) && !isUndoable(hash));
      }
      if (entries.some(({ fact }) => fact.kind === "published")) {
        const reviewed = new Set([...state.reviews.values()].map(({ delta }) => delta));
        end(over, (hash, use) => !isInUse(hash, use, state) && !isUndoable(hash) && !reviewed.has(hash));
      }
      return [...over].filter((hash) => !uses.has(hash));
    },
    get size() {
      return uses.size;
    },
    kindOf: (hash) => uses.get(hash)?.[0]?.kind,
    uses: () => [...uses].map(([hash, own]) => [hash, [...own]]),
  };
}

/** What a blob is that this fact keeps for good; undefined where it does not. */
export function keptBy(fact: Fact, hash: Sha256, manifest: Keeping): BlobKind | undefined {
  const use = usesOf(fact).find(([named]) => named === hash)?.[1];
  switch (use?.kind) {
    case "body":
      return isKeptForGood(use.number, manifest) ? "body" : undefined;
    case "delta":
    case "rows":
      return manifest.keep.deltaRounds === "all" ? use.kind : undefined;
    default:
      return undefined; // of what is in use alone
  }
}

type Keeping = Pick<RunManifest, "keep">;

/** Which bodies a coordinator keeps for download [C57]. */
export function keepsBody(number: number, latest: number, manifest: Keeping): boolean {
  return number > latest - bodiesOfLate(manifest) || isKeptForGood(number, manifest);
}

export function isKeptForGood(body: number, { keep: { bodies } }: Keeping): boolean {
  if (body === 0 || bodies === "all") return true;
  return "every" in bodies && body % bodies.every === 0;
}

/** How many of the last bodies are kept, the current one included: at least those that the host may go back to. */
export function bodiesOfLate(manifest: Keeping): number {
  const { bodies } = manifest.keep;
  const asked = bodies !== "all" && "last" in bodies ? bodies.last : 5;
  return Math.max(asked, bodiesBack(manifest));
}

/** All that it takes to publish one of these bodies again [C28]. */
function blobsOf(past: RunState["past"]): ReadonlySet<Sha256> {
  const files = past.flatMap((one) => [one, ...(one.made === null ? [] : [one.made.from])]);
  const deltas = past.flatMap(({ made }) => made?.deltas ?? []);
  return new Set([
    ...files.flatMap(({ sections, outer }) => [...sections, ...outer].map(({ sha256 }) => sha256)),
    ...deltas.flatMap(({ delta, rows }) => (rows === null ? [delta] : [delta, rows])),
  ]);
}

/** As long as the run is there; a run has few of these. */
function lasts(use: Use): boolean {
  return use.kind === "text" || use.kind === "tokenizer" || (use.kind === "body" && use.number === 0);
}

function isInUse(hash: Sha256, use: Use, { body, outer, manifest }: Reached): boolean {
  switch (use.kind) {
    case "text":
    case "tokenizer":
      return true;
    case "body":
      return lasts(use) || use.number > body.number - bodiesOfLate(manifest);
    case "outer":
      return outer.some(({ sha256 }) => sha256 === hash);
    case "step":
      return body.steps?.some(({ sha256 }) => sha256 === hash) ?? false;
    case "delta":
    case "rows":
      return use.round > body.number;
    default:
      use satisfies never;
      throw new Error(`unknown use ${JSON.stringify(use)}`);
  }
}

function usesOfSource({ served, tokenizer }: ManifestSource): readonly (readonly [Sha256, Use])[] {
  return [
    ...(served === null ? [] : [[served.train, { kind: "text" }] as const]),
    ...(served?.heldOut ? [[served.heldOut, { kind: "text" }] as const] : []),
    ...(served?.rows ? [[served.rows.sha256, { kind: "text" }] as const] : []),
    ...(tokenizer === null ? [] : [[tokenizer.sha256, { kind: "tokenizer" }] as const]),
  ];
}

/** Which blobs a fact names, and for what. */
export function usesOf(fact: Fact): readonly (readonly [Sha256, Use])[] {
  switch (fact.kind) {
    case "created":
      return [
        ...fact.sections.map(({ sha256 }) => [sha256, { kind: "body", number: 0 }] as const),
        ...fact.manifest.sources.flatMap(usesOfSource),
      ];
    case "source-added":
      return [
        // Of the body that it joins, whose number is not known here: kept, as the first body is.
        ...fact.sections.map(({ sha256 }) => [sha256, { kind: "body", number: 0 }] as const),
        ...usesOfSource(fact.source),
      ];
    case "opened":
      return fact.assigned.flatMap(({ rows }) => rowsOf(rows, fact.round));
    case "accepted":
      return [[fact.delta, { kind: "delta", round: fact.round }], ...rowsOf(fact.rows, fact.round)];
    case "published":
      return [
        ...fact.sections.map(({ sha256 }) => [sha256, { kind: "body", number: fact.round }] as const),
        ...fact.outer.map(({ sha256 }) => [sha256, { kind: "outer" }] as const),
        ...(fact.steps ?? []).map(({ sha256 }) => [sha256, { kind: "step" }] as const),
      ];
    default:
      return [];
  }
}

function rowsOf(rows: Sha256 | null, round: number): readonly (readonly [Sha256, Use])[] {
  return rows === null ? [] : [[rows, { kind: "rows", round }]];
}
