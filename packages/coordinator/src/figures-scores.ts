// Scores of bodies, as figures show them: of each source the weighted median of what its volunteers say [C39], so that one of
// them, however large it says its text is, moves it no further than to what another one says.

import { type Sha256, sha256OfText, type VolunteerId } from "@homebody/base";
import type { Entry, Fact } from "./facts.ts";
import { isShownForGood, recentScores, type ScoreFigure, type ScoreShare } from "./figures.ts";
import type { ShownList } from "./shown-list.ts";

/** Of so many volunteers at most a point is made: of more, those whom a hash of the body draws. */
const mostShares = 16;
/** Times the median of their bytes: more bytes than that weigh no more. */
const mostWeight = 2;

/** Adds one volunteer's evaluation to its source's point for that body, of which `drawnBy` tells who is drawn. */
export function addScore(
  list: ScoreFigure[],
  { body, volunteer, nats, bytes }: Extract<Fact, { kind: "evaluated" }>,
  { at, drawnBy }: Pick<Entry, "at"> & { readonly drawnBy: string },
): void {
  const same = list.at(-1)?.body === body ? list.pop() : undefined;
  const all = [...(same?.shares ?? []), { volunteer, nats, bytes }];
  const shares = all.length > mostShares ? drawn(all, drawnBy) : all;
  const before = { bytes: same?.bytes ?? 0, volunteers: same?.volunteers ?? 0 };
  list.push({
    body,
    bitsPerByte: medianOf(shares),
    bytes: before.bytes + bytes,
    volunteers: before.volunteers + 1,
    at,
    shares,
  });
}

/** What a volunteer said goes, wherever it is still known who said what; where nothing is left, the point goes. */
export function removeScores(scores: ShownList<ScoreFigure>, who: VolunteerId): void {
  if (!scores.items.some(({ shares }) => shares.some(({ volunteer }) => volunteer === who))) return;
  const list = scores.change();
  const others = list.flatMap((point) => {
    const own = point.shares.find(({ volunteer }) => volunteer === who);
    if (own === undefined) return [point];
    const shares = point.shares.filter((one) => one !== own);
    if (shares.length === 0) return [];
    const [bytes, volunteers] = [point.bytes - own.bytes, point.volunteers - 1];
    return [{ ...point, bitsPerByte: medianOf(shares), bytes, volunteers, shares }];
  });
  list.splice(0, list.length, ...others);
}

/**
 * By the numbers of bodies, so that the points of all sources stay at the same ones. The first one stays: what a source began
 * from is measured against it. Who said what is known of the first one and of late ones.
 */
export function thinScores(scores: ShownList<ScoreFigure>, latest: number): void {
  const list = scores.change();
  const isLate = ({ body }: ScoreFigure) => body > latest - recentScores;
  const few = list.filter((point, i) => i === 0 || isLate(point) || isShownForGood(point.body));
  const shown = few.map((point, i) => (i === 0 || isLate(point) ? point : { ...point, shares: [] }));
  list.splice(0, list.length, ...shown);
}

/** Bits per byte that half of the weight is at most, and half at least; where that is a range, its middle. */
function medianOf(shares: readonly ScoreShare[]): number {
  const sizes = shares.map(({ bytes }) => bytes).sort((a, b) => a - b);
  const most = mostWeight * sizes[Math.floor((sizes.length - 1) / 2)]!;
  const sorted = shares
    .map(({ nats, bytes }) => ({ bits: nats / Math.LN2 / bytes, weight: Math.min(bytes, most) }))
    .sort((a, b) => a.bits - b.bits);
  const half = sorted.reduce((sum, { weight }) => sum + weight, 0) / 2;
  let below = 0;
  for (const [i, { bits, weight }] of sorted.entries()) {
    below += weight;
    if (below > half) return bits;
    if (below === half) return (bits + sorted[i + 1]!.bits) / 2;
  }
  throw new Error("scores: expected at least one volunteer's");
}

/** By share, which is of one body: those that were drawn are ranked anew with each that comes. */
const ranks = new WeakMap<ScoreShare, Sha256>();

function rankOf(share: ScoreShare, by: string): Sha256 {
  const rank = ranks.get(share) ?? sha256OfText(`${by} ${share.volunteer}`);
  ranks.set(share, rank);
  return rank;
}

function drawn(shares: readonly ScoreShare[], by: string): readonly ScoreShare[] {
  const ranked = shares.map((share) => ({ share, rank: rankOf(share, by) }));
  const last = ranked.reduce((a, b) => (a.rank > b.rank ? a : b));
  return shares.filter((share) => share !== last.share);
}
