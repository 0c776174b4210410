// Which tokens of a byte-level BPE may stand side by side within a pre-token.
//
// Merges of two neighbours' bytes happen in the order of (rank, place), and nothing that happens in one of them changes the other
// before a merge takes a part of both. So a sequence of tokens is what its bytes are encoded to exactly where each token
// is what its own bytes are encoded to, and no merge ever takes the last part of one token with the first part of the next. That
// follows from the two tokens alone (as in Berglund and van der Merwe 2023 and Hayase et al. 2025, arXiv 2506.14123): each
// token's own merges are written down once, and of two tokens they are played beside each other.

import { byteTokensOf, type PairTable, ranksOf, type Vocabulary } from "@homebody/text";

export interface Pairs {
  /** Whether the token is what its own bytes are encoded to. */
  isReached(token: number): boolean;
  /** Of two such tokens: whether they are what their bytes together are encoded to. */
  mayFollow(left: number, right: number): boolean;
}

/** A token as it is made of its bytes, merge by merge. */
interface Making {
  /** The tokens of its first and its last byte. */
  readonly first: number;
  readonly last: number;
  /** Of each merge: its rank, and the token that is the leftmost and the rightmost after it. */
  readonly ranks: Int32Array;
  readonly leftmost: Int32Array;
  readonly rightmost: Int32Array;
}

/** The rank of what never happens. */
const never = 2 ** 31;

export function pairsOf(vocabulary: Vocabulary): Pairs {
  const { tokens, merges, endOfDocument } = vocabulary;
  const ranks = ranksOf(merges, "vocabulary");
  const byteTokens = byteTokensOf(vocabulary, "vocabulary");
  const makings = tokens.map((bytes, token) =>
    token === endOfDocument ? undefined : makingOf(token, bytes, { byteTokens, ranks, vocabulary }),
  );

  function mayFollow(left: number, right: number): boolean {
    const [a, b] = [makings[left]!, makings[right]!];
    let [i, j] = [0, 0];
    let [end, start] = [a.last, b.first];
    for (;;) {
      const across = ranks.get(end, start);
      const inLeft = i < a.ranks.length ? a.ranks[i]! : never;
      const inRight = j < b.ranks.length ? b.ranks[j]! : never;
      // Of equal ranks the leftmost pair is merged first.
      if (across >= 0 && across < inLeft && across <= inRight) return false;
      if (inLeft === never && inRight === never) return true;
      if (inLeft <= inRight) end = a.rightmost[i++]!;
      else start = b.leftmost[j++]!;
    }
  }

  return { isReached: (token) => makings[token] !== undefined, mayFollow };
}

/** Undefined where its bytes are encoded to something else. */
function makingOf(
  token: number,
  bytes: Uint8Array,
  known: {
    readonly byteTokens: Int32Array;
    readonly ranks: PairTable;
    readonly vocabulary: Vocabulary;
  },
): Making | undefined {
  const parts = Array.from(bytes, (byte) => known.byteTokens[byte]!);
  const [first, last] = [parts[0]!, parts.at(-1)!];
  const made: { readonly rank: number; readonly leftmost: number; readonly rightmost: number }[] = [];
  for (;;) {
    let [best, place] = [never, -1];
    for (let at = 0; at + 1 < parts.length; at++) {
      const rank = known.ranks.get(parts[at]!, parts[at + 1]!);
      if (rank >= 0 && rank < best) [best, place] = [rank, at];
    }
    if (place < 0) break;
    parts.splice(place, 2, known.vocabulary.merges[best]!.into);
    made.push({ rank: best, leftmost: parts[0]!, rightmost: parts.at(-1)! });
  }
  if (parts.length !== 1 || parts[0] !== token) return undefined;
  return {
    first,
    last,
    ranks: Int32Array.from(made, ({ rank }) => rank),
    leftmost: Int32Array.from(made, ({ leftmost }) => leftmost),
    rightmost: Int32Array.from(made, ({ rightmost }) => rightmost),
  };
}
