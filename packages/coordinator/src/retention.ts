// Which blobs a run names, and which of them it still needs.
//
// Bodies are kept by rule: the first, the last five, every tenth. What outer optimisers keep: the last. Deltas, and the
// row maps that they are read by, until their round is published; with `keepDeltas` for good, so that anyone with the
// blobs can recompute every body. Texts and tokenizers for good. This is the one place that knows which fact names which blob.

import type { Sha256 } from "@homebody/base";
import type { ManifestSource } from "@homebody/protocol";
import type { Entry, Fact } from "./facts.ts";
import type { RunState } from "./state.ts";

/** What a blob is used for. */
type Use =
  | { readonly kind: "text" }
  | { readonly kind: "tokenizer" }
  | { readonly kind: "body"; readonly number: number }
  | { readonly kind: "outer" }
  | { readonly kind: "delta" | "rows"; readonly round: number };

export type BlobKind = Use["kind"];

/** How far a run has got, for what it still needs. */
interface Reached {
  readonly body: Pick<RunState["body"], "number">;
  readonly outer: RunState["outer"];
}

export interface Retention {
  /** Takes facts in, in order, with the state after them. Returns the blobs that nothing needs any more. */
  follow(entries: readonly Entry[], state: RunState): readonly Sha256[];
  /** What a blob is that the run names and still needs; undefined for all others. */
  kindOf(hash: Sha256): BlobKind | undefined;
}

export function retention({ keepDeltas }: { readonly keepDeltas: boolean }): Retention {
  // Equal contents are one blob, which may have several uses: one of each kind, the one that is needed longest.
  const uses = new Map<Sha256, Use[]>();
  /** Those with a use that comes to an end: all that a new body can make superfluous. */
  const passing = new Set<Sha256>();

  function isNeeded(hash: Sha256, use: Use, { body, outer }: Reached): boolean {
    switch (use.kind) {
      case "text":
      case "tokenizer":
        return true;
      case "body":
        return keepsBody(use.number, body.number);
      case "outer":
        return outer.some(({ sha256 }) => sha256 === hash);
      case "delta":
      case "rows":
        return keepDeltas || use.round > body.number;
      default:
        use satisfies never;
        throw new Error(`unknown use ${JSON.stringify(use)}`);
    }
  }

  /** However far the run gets. */
  const isForGood = (hash: Sha256, use: Use) =>
    isNeeded(hash, use, { body: { number: Number.POSITIVE_INFINITY }, outer: [] });

  function name(hash: Sha256, use: Use): void {
    const own = uses.get(hash);
    const same = own?.findIndex(({ kind }) => kind === use.kind) ?? -1;
    if (own === undefined) uses.set(hash, [use]);
    else if (same < 0) own.push(use);
    else if (!isForGood(hash, own[same]!)) own[same] = use; // a later one is needed longer
    if (!isForGood(hash, use)) passing.add(hash);
  }

  return {
    follow(entries, state) {
      for (const { fact } of entries) for (const [hash, use] of usesOf(fact)) name(hash, use);
      if (!entries.some(({ fact }) => fact.kind === "published")) return [];
      const over: Sha256[] = [];
      for (const hash of passing) {
        const needed = uses.get(hash)!.filter((use) => isNeeded(hash, use, state));
        if (needed.every((use) => isForGood(hash, use))) passing.delete(hash);
        if (needed.length > 0) uses.set(hash, needed);
        else {
          uses.delete(hash);
          over.push(hash);
        }
      }
      return over;
    },
    kindOf: (hash) => uses.get(hash)?.[0]?.kind,
  };
}

/** Which bodies a coordinator keeps for download: the first, the last five, every tenth. */
export function keepsBody(number: number, latest: number): boolean {
  return number === 0 || number > latest - 5 || number % 10 === 0;
}

/** For as long as the run is there. */
function usesOfSource({ served, tokenizer }: ManifestSource): readonly (readonly [Sha256, Use])[] {
  return [
    ...(served === null ? [] : [[served.train, { kind: "text" }] as const]),
    ...(served?.heldOut ? [[served.heldOut, { kind: "text" }] as const] : []),
    ...(served?.rows ? [[served.rows.sha256, { kind: "text" }] as const] : []),
    ...(tokenizer === null ? [] : [[tokenizer.sha256, { kind: "tokenizer" }] as const]),
  ];
}

function usesOf(fact: Fact): readonly (readonly [Sha256, Use])[] {
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
      return fact.assigned.flatMap(({ rows }) =>
        rows === null ? [] : [[rows, { kind: "rows", round: fact.round }] as const],
      );
    case "accepted":
      return [[fact.delta, { kind: "delta", round: fact.round }]];
    case "published":
      return [
        ...fact.sections.map(({ sha256 }) => [sha256, { kind: "body", number: fact.round }] as const),
        ...fact.outer.map(({ sha256 }) => [sha256, { kind: "outer" }] as const),
      ];
    default:
      return [];
  }
}
