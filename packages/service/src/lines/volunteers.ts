// The volunteers that are connected: which connection each is on, and what they are told of the run [P6].

import type { VolunteerId } from "@homebody/base";
import type { Cancel, Clock } from "@homebody/clock";
import { announcementFor, type RunState } from "@homebody/coordinator";
import { type Announcement, events, type Removed } from "@homebody/protocol";
import type { Sender } from "../inbox/uploads.ts";
import type { People } from "./presence.ts";
import { send, type Visitor } from "./visitor.ts";

export interface VolunteersInputs {
  readonly state: () => RunState;
  readonly people: Pick<People, "ready">;
  readonly clock: Clock;
}

export interface Volunteers {
  readonly size: number;
  /** It is on this connection from now on; one that it was on before is told so, and goes [P5]. */
  arrive(visitor: Visitor, sender: Sender): void;
  /** The connection is nobody's any more. */
  depart(visitor: Visitor): void;
  /** It is told why, and its connection goes. */
  dismiss(volunteer: VolunteerId, reason: Removed["reason"]): void;
  announcement(volunteer: VolunteerId): Announcement;
  announce(visitor: Visitor): void;
  announceToAll(): void;
  /** The number of those who are ready changed: told once in a while, and only when a round waits for it. */
  gatheringChanged(): void;
  close(): void;
}

const gatheringPauseMs = 200;

/** Words of progress of all volunteers together, a second: as many as a report to watchers has volunteers [P47]. */
const progressPerSecond = 100;

export function connectedVolunteers({ state, people, clock }: VolunteersInputs): Volunteers {
  const visitors = new Map<VolunteerId, Visitor>();
  let cancel: Cancel | undefined;

  function announcement(volunteer: VolunteerId): Announcement {
    const announced = announcementFor(state(), volunteer, people.ready(), clock.now());
    const progressSeconds = Math.ceil(visitors.size / progressPerSecond);
    return progressSeconds > 1 ? { ...announced, progressSeconds } : announced;
  }

  function announce(visitor: Visitor): void {
    if (visitor.sender) send(visitor, events.announcement, announcement(visitor.sender.volunteer));
  }

  function announceToAll(): void {
    for (const visitor of [...visitors.values()]) announce(visitor);
  }

  function depart(visitor: Visitor): void {
    if (visitor.sender && visitors.get(visitor.sender.volunteer) === visitor)
      visitors.delete(visitor.sender.volunteer);
    visitor.sender = undefined;
  }

  function dismiss(volunteer: VolunteerId, reason: Removed["reason"]): void {
    const visitor = visitors.get(volunteer);
    if (visitor === undefined) return;
    visitor.connection.send(events.removed, { reason } satisfies Removed);
    depart(visitor);
    visitor.connection.close();
  }

  const isGathering = () => state().phase.kind === "gathering";

  return {
    get size() {
      return visitors.size;
    },
    arrive(visitor, sender) {
      if (visitors.get(sender.volunteer) !== visitor) dismiss(sender.volunteer, "replaced");
      visitor.sender = sender;
      visitors.set(sender.volunteer, visitor);
    },
    depart,
    dismiss,
    announcement,
    announce,
    announceToAll,
    gatheringChanged() {
      if (cancel !== undefined || !isGathering()) return;
      cancel = clock.after(gatheringPauseMs, () => {
        cancel = undefined;
        if (isGathering()) announceToAll();
      });
    },
    close: () => cancel?.(),
  };
}
