// What of the deltas is combined, as shares of each: rules that choose or mix deltas as wholes, by their distances alone.

import type { Distances } from "./distances.ts";

/** By member, its share; they sum to 1. */
export type Shares = Float64Array;

/** Of so many at most this share attack. */
function attackersAmong(members: number, attackers: number): number {
  return Math.floor(attackers * members);
}

/**
 * Nearest-neighbour mixing (Allouah et al. 2023, 2302.01772, algorithm 2): each delta becomes the weighted mean of those that are
 * nearest to it, itself included, all but as many as may attack.
 */
export function nearestMixes(
  distances: Distances,
  weights: readonly number[],
  attackers: number,
): readonly Shares[] {
  const near = distances.length - attackersAmong(distances.length, attackers);
  return distances.map((_, i) => sharesOf(nearestTo(distances, i).slice(0, near), weights));
}

/**
 * Multi-Krum (Blanchard et al. 2017, section 4): the weighted mean of those whose nearest others are nearest; as many are left out
 * as may attack.
 */
export function multiKrum(distances: Distances, weights: readonly number[], attackers: number): Shares {
  const members = distances.length;
  const bad = attackersAmong(members, attackers);
  return sharesOf(byScore(distances, bad).slice(0, members - bad), weights);
}

const steps = 3;

/**
 * Centred clipping (Karimireddy et al. 2021, 2012.10333, algorithm 1): from the delta that has the nearest others, steps toward all
 * of them, none by more than the median distance. Every centre is a mean of deltas, so the distances say how far it is from each.
 */
export function centredClipping(measured: Distances, weights: readonly number[], attackers: number): Shares {
  const distances = finite(measured);
  const members = distances.length;
  const whole = weights.reduce((sum, weight) => sum + weight, 0);
  const [first] = byScore(distances, attackersAmong(members, attackers));
  let centre = new Float64Array(members);
  centre[first!] = 1;
  for (let step = 0; step < steps; step++) {
    const away = distancesTo(centre, distances);
    const radius = [...away].sort((a, b) => a - b)[Math.floor((members - 1) / 2)]!;
    const pulls = weights.map((weight, i) => (weight / whole) * (away[i]! > radius ? radius / away[i]! : 1));
    const pull = pulls.reduce((sum, own) => sum + own, 0);
    centre = centre.map((share, i) => share * (1 - pull) + pulls[i]!);
  }
  return centre;
}

/** How far each is from a mean of all: for shares a that sum to 1, |x - Σ a x|² = Σ a d² - ½ Σ Σ a a d². */
function distancesTo(centre: Shares, distances: Distances): Float64Array {
  const to = distances.map((own) => sumOf(centre, own));
  const spread = centre.reduce((sum, share, i) => sum + (share === 0 ? 0 : share * to[i]!), 0) / 2;
  return Float64Array.from(to, (square) => Math.sqrt(Math.max(0, square - spread)));
}

function sumOf(shares: Shares, squares: Float64Array): number {
  return shares.reduce((sum, share, i) => sum + (share === 0 ? 0 : share * squares[i]!), 0);
}

/** Members by Krum's score: the distances to the nearest others, all but the attackers, itself and one. The first of equals is first. */
function byScore(distances: Distances, attackers: number): readonly number[] {
  const others = Math.max(1, distances.length - attackers - 2);
  const scores = distances.map((own, i) =>
    nearestTo(distances, i)
      .slice(1, 1 + others)
      .reduce((sum, j) => sum + own[j]!, 0),
  );
  return inOrder(scores);
}

/** Two that have no number in common are as far from each other as any two that have. */
function finite(distances: Distances): Distances {
  const most = Math.max(0, ...distances.flatMap((own) => [...own].filter(Number.isFinite)));
  return distances.map((own) => own.map((square) => Math.min(square, most)));
}

/** Itself first, whoever else is as near. */
function nearestTo(distances: Distances, member: number): readonly number[] {
  return [member, ...inOrder([...distances[member]!]).filter((other) => other !== member)];
}

function inOrder(sizes: readonly number[]): readonly number[] {
  return sizes.map((_, i) => i).sort((a, b) => compare(sizes[a]!, sizes[b]!) || a - b);
}

const compare = (a: number, b: number) => (a === b ? 0 : a - b); // infinite ones are equal

function sharesOf(members: readonly number[], weights: readonly number[]): Shares {
  const shares = new Float64Array(weights.length);
  const whole = members.reduce((sum, i) => sum + weights[i]!, 0);
  for (const i of [...members].sort((a, b) => a - b)) shares[i] = weights[i]! / whole;
  return shares;
}
