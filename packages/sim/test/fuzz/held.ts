// What the service holds follows from how many take part, and not from how long the run is [C24] [P13] [P17].

import assert from "node:assert/strict";
import { deltaSize, exchangeFor } from "@homebody/dept";
import type { RunManifest } from "@homebody/protocol";
import type { Counts, Service } from "@homebody/service";

/** Numbers, words and the like, in whatever they lie. */
export function sizeOf(value: unknown): number {
  if (typeof value !== "object" || value === null) return 1;
  const inside = value instanceof Map || value instanceof Set ? [...value] : Object.values(value);
  return inside.reduce((sum: number, one) => sum + sizeOf(one), 0);
}

export interface Held extends Counts {
  /** Numbers, words and the like in the run's state. */
  readonly state: number;
}

export function heldBy(service: Service): Held {
  return { ...service.counts(), state: sizeOf(service.state()) };
}

/** What so many volunteers may make a service hold; of each line a connection may be there that is not known to be lost. */
export function mostHeld(manifest: RunManifest, volunteers: number): Held {
  const whole = manifest.variant === "trim" ? ({ ...manifest, variant: "glob" } as const) : manifest;
  const largest = whole.sources.map((source) => deltaSize(exchangeFor(whole, source, null)).most);
  const { bodies, undoBodies, deltaRounds } = manifest.keep;
  const again = deltaRounds === "all" ? undoBodies - 1 : deltaRounds; // [P45]
  const back = Math.max(undoBodies, again + 1); // [C29]
  const late = bodies !== "all" && "last" in bodies ? bodies.last : 5; // [C57]
  const sections = 3 + 2 * manifest.sources.length;
  const reviews = manifest.review === "off" ? 0 : 1; // [C95] deltas of one more round, and a text that is served
  const steps = manifest.down === "off" ? 0 : 7 * sections; // of 4 bits and a scale, beside 32 bits [C79]
  return {
    connections: 3 * volunteers + 1,
    volunteers,
    remembered: volunteers,
    uploads: volunteers,
    spooledBytes: volunteers * Math.max(...largest),
    // Of the first body, the last ones, the one before and the optimisers; of each volunteer a delta, and row maps of two hellos.
    blobs:
      (late + 3) * sections +
      3 * volunteers +
      back * 2 * sections +
      again * 2 * volunteers +
      steps +
      reviews * (1 + 2 * volunteers),
    // A section's file is three of these, an accepted delta about 23; of each volunteer also its standing, and the numbers
    // of its deltas of ten rounds, with their round.
    state:
      sizeOf(manifest) +
      12 * sections +
      (47 + 9 + 2 * 10) * volunteers +
      30 +
      back * 7 * sections +
      again * (6 * sections + 28 * volunteers) +
      reviews * 20 * volunteers + // who is to review what, and who was found to do harm
      5 * steps,
  };
}

export function assertHeld(held: Held, most: Held): void {
  for (const of of Object.keys(most) as (keyof Held)[])
    assert.ok(held[of] <= most[of], `[C24] [P13] [P17] ${of}: expected at most ${most[of]}, got ${held[of]}`);
}
