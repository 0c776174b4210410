// Who waits for the host to let it into a source [P39]: in memory alone, for as long as its line is up, and bounded. Where
// there is no room, whoever shares an address with the most others gives way: so a crowd crowds out itself.

import type { Millis, VolunteerId } from "@homebody/base";
import type { Applicant } from "@homebody/protocol";
import type { Visitor } from "./visitor.ts";

interface Place {
  readonly visitor: Visitor;
  readonly applicant: Applicant;
}

export interface Applicants {
  /** It asks on this line, for the first time or again. */
  ask(visitor: Visitor, applicant: Omit<Applicant, "since">, now: Millis): void;
  /** It asks no more, whatever line it was on. */
  forget(volunteer: VolunteerId): void;
  /** The line is over. */
  depart(visitor: Visitor): void;
  /** In the order of coming. */
  list(): readonly Applicant[];
}

export function applicantsList(most: number): Applicants {
  const places = new Map<VolunteerId, Place>();

  const addressOf = ({ visitor }: Place) => visitor.connection.address;

  function at(address: string): [VolunteerId, Place][] {
    return [...places].filter(([, place]) => addressOf(place) === address);
  }

  /** The latest of those who share an address with the most others, unless the newcomer's has as many. */
  function room(visitor: Visitor): boolean {
    if (places.size < most) return true;
    const counts = new Map<string, number>();
    for (const place of places.values())
      counts.set(addressOf(place), (counts.get(addressOf(place)) ?? 0) + 1);
    const [[crowded, count]] = [...counts].sort((a, b) => b[1] - a[1]) as [[string, number]];
    if (count <= (counts.get(visitor.connection.address) ?? 0) + 1) return false;
    return places.delete(at(crowded).at(-1)![0]);
  }

  return {
    ask(visitor, applicant, now) {
      const before = places.get(applicant.volunteer);
      if (before === undefined && !room(visitor)) return;
      const since = before?.applicant.since ?? now;
      places.set(applicant.volunteer, { visitor, applicant: { ...applicant, since } });
    },
    forget: (volunteer) => void places.delete(volunteer),
    depart(visitor) {
      for (const [volunteer, place] of places) if (place.visitor === visitor) places.delete(volunteer);
    },
    list: () => [...places.values()].map(({ applicant }) => applicant),
  };
}
