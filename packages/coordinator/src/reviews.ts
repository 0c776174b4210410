// Peers measure each other's deltas: who measures which [C89], what of it is believed [C91], and whose deltas count no more [C92].
//
// The coordinator has no engine: volunteers of the source tell what a delta does to its text. Whoever took part in a round has the
// body that its deltas started from at hand, so a review costs it a delta's bytes and a few rows.

import { permutation, random, type Sha256, type VolunteerId } from "@homebody/base";
import { canReview } from "@homebody/dept";
import { type Refusal, type RunManifest, totalBytes, type Verdict } from "@homebody/protocol";
import type { Fact } from "./facts.ts";
import { isPlausible, mostNats } from "./scores.ts";
import { longestAbsence } from "./standings.ts";
import type { AcceptedDelta, Harm, Review, RunState } from "./state.ts";

type Reviewed = Extract<Fact, { kind: "reviewed" }>;
type Harms = RunState["harms"];

/** A delta is measured by what it has of its source's mean, and by a tenth where that is less: so that it can be told at all. */
const leastShare = 0.1;

export const isQuarantined = ({ harms }: Pick<RunState, "harms">, who: VolunteerId): boolean =>
  harms.get(who)?.quarantined ?? false;

/** [C95] Whether a peer is yet to measure this delta. */
export function isUnderReview({ reviews }: Pick<RunState, "reviews">, hash: Sha256): boolean {
  for (const { delta } of reviews.values()) if (delta === hash) return true;
  return false;
}

/**
 * [C89] Who measures which of these deltas of a round, by reviewer: in an order of the source's that nobody could know before the
 * body was made of them, each the one behind it. `made`: the id of that body; `from`: of the body that they started from.
 */
export function drawReviews(
  { manifest, harms }: Pick<RunState, "manifest" | "harms">,
  deltas: readonly AcceptedDelta[],
  { made, from }: { readonly made: Sha256; readonly from: Sha256 },
): ReadonlyMap<VolunteerId, Review> {
  const drawn = new Map<VolunteerId, Review>();
  if (manifest.review === "off") return drawn;
  for (const source of manifest.sources) {
    const { id } = source;
    const own = canReview(manifest, source) ? deltas.filter((delta) => delta.source === id) : [];
    if (own.length < 2) continue;
    const order = permutation(own.length, random(`${manifest.training.seed}/${id}/reviews of ${made}`));
    const share = Math.max(leastShare, 1 / own.length);
    for (const [place, i] of order.entries()) {
      const reviewer = own[i]!.volunteer;
      const peer = own[order[(place + 1) % own.length]!]!;
      if (isQuarantined({ harms }, reviewer) || peer.rows !== own[i]!.rows) continue;
      const { round, volunteer, delta, sections } = peer;
      const sizeBytes = totalBytes(sections);
      drawn.set(reviewer, { round, source: id, volunteer, delta, sizeBytes, from, share });
    }
  }
  return drawn;
}

/** [C90] [C91] The facts of a review, none where it does not count, or why it is refused. */
export function reviewing(
  state: RunState,
  { reviewer, delta, ...measured }: Verdict & { readonly reviewer: VolunteerId },
): readonly Fact[] | Refusal {
  const { manifest, reviews, removed } = state;
  const asked = reviews.get(reviewer);
  if (asked === undefined || asked.delta !== delta || manifest.review === "off") return "wrong-review";
  const { round, volunteer, source: id } = asked;
  const source = manifest.sources.find((one) => one.id === id)!;
  const { natsWithout, natsWith, bytes } = measured;
  if (!isPlausible(source, { nats: Math.min(natsWithout, natsWith), bytes })) return "implausible";
  if (bytes < manifest.heldOut.leastBytes || removed.has(volunteer) || isQuarantined(state, reviewer))
    return [];
  const most = mostNats(source, bytes);
  const believed = { natsWithout: Math.min(most, natsWithout), natsWith: Math.min(most, natsWith) };
  const harmful = believed.natsWith > believed.natsWithout * (1 + manifest.review.tolerance);
  const fact: Reviewed = {
    ...{ kind: "reviewed", round, volunteer, source: id, reviewer },
    ...{ ...believed, bytes, harmful },
  };
  return [fact, ...consequence(state.harms, fact, manifest.review)];
}

/** [C92] [C94] */
function consequence(
  harms: Harms,
  fact: Reviewed,
  { quarantineAfter }: Exclude<RunManifest["review"], "off">,
): readonly Fact[] {
  const { volunteer, source, round, reviewer, harmful } = fact;
  if (harms.get(volunteer)?.quarantined)
    return harmful ? [] : [{ kind: "cleared", volunteer, source, round, reviewer }];
  const reviewers = harmAfter(harms.get(volunteer), fact)?.by ?? [];
  return reviewers.length < quarantineAfter
    ? []
    : [{ kind: "quarantined", volunteer, source, round, reviewers }];
}

/** What is known of a volunteer's deltas after this review; undefined: nothing against them. */
export function harmAfter(known: Harm | undefined, { round, reviewer, harmful }: Reviewed): Harm | undefined {
  if (known?.quarantined) return { ...known, round };
  if (!harmful) return undefined;
  const by = known?.by ?? [];
  return { by: by.includes(reviewer) ? by : [...by, reviewer], quarantined: false, round };
}

/**
 * [C93] Which deltas of a round count, and which are beside them, in their order. Of a source whose deltas are all of quarantined
 * volunteers, all count: nobody is left who could say so.
 */
export function countedDeltas(
  state: Pick<RunState, "harms">,
  deltas: readonly AcceptedDelta[],
): { readonly counted: readonly AcceptedDelta[]; readonly beside: readonly AcceptedDelta[] } {
  const isOut = ({ volunteer }: AcceptedDelta) => isQuarantined(state, volunteer);
  const withOthers = new Set(deltas.filter((delta) => !isOut(delta)).map(({ source }) => source));
  const isBeside = (delta: AcceptedDelta) => isOut(delta) && withOthers.has(delta.source);
  return {
    counted: deltas.filter((delta) => !isBeside(delta)),
    beside: deltas.filter(isBeside),
  };
}

/** A new body is out: what is of long ago goes. */
export function forgetHarms(harms: Map<VolunteerId, Harm>, round: number): void {
  for (const [who, one] of harms) if (one.round <= round - longestAbsence) harms.delete(who);
}
