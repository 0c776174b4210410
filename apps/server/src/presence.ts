// Who is here: told by connections, forgotten with the process, never in the journal.
//
// A volunteer whose connection is lost stays in the list (the dashboard shows it as gone, and since when) until
// it leaves for good, or until room is needed. Only connected ones count as present.

import type { Millis, SourceId, VolunteerId } from "@homebody/base";
import type { Present } from "@homebody/coordinator";
import type { Device, Presence, Progress } from "@homebody/protocol";

interface Person {
  source: SourceId;
  device: Device;
  connected: boolean;
  ready: boolean;
  progress: Progress | null;
  lastSeenAt: Millis;
}

/** At most so many are in one report to watchers. */
const reported = 1000;

export interface People {
  /** False when there is no room for another volunteer. */
  come(volunteer: VolunteerId, source: SourceId, device: Device, now: Millis): boolean;
  setReady(volunteer: VolunteerId, ready: boolean, now: Millis): void;
  setProgress(volunteer: VolunteerId, progress: Progress, now: Millis): void;
  seen(volunteer: VolunteerId, now: Millis): void;
  /** The connection is lost: it may come back. */
  lose(volunteer: VolunteerId, now: Millis): void;
  /** It left for good. */
  forget(volunteer: VolunteerId): void;
  sourceOf(volunteer: VolunteerId): SourceId | undefined;
  present(): readonly Present[];
  report(): readonly Presence[];
}

export function people(most: number): People {
  const byId = new Map<VolunteerId, Person>();
  const change = (volunteer: VolunteerId, now: Millis, changed: Partial<Person>) => {
    const person = byId.get(volunteer);
    if (person) Object.assign(person, changed, { lastSeenAt: now });
  };
  /** Makes room by forgetting whoever is gone the longest. */
  const room = () => {
    if (byId.size < most) return true;
    let oldest: [VolunteerId, Person] | undefined;
    for (const entry of byId)
      if (!entry[1].connected && (oldest === undefined || entry[1].lastSeenAt < oldest[1].lastSeenAt))
        oldest = entry;
    return oldest !== undefined && byId.delete(oldest[0]);
  };
  return {
    come(volunteer, source, device, now) {
      if (!byId.has(volunteer) && !room()) return false;
      const ready = false; // until it says so on this connection
      byId.set(volunteer, { source, device, connected: true, ready, progress: null, lastSeenAt: now });
      return true;
    },
    setReady: (volunteer, ready, now) => change(volunteer, now, { ready }),
    setProgress: (volunteer, progress, now) => change(volunteer, now, { progress }),
    seen: (volunteer, now) => change(volunteer, now, {}),
    lose: (volunteer, now) => change(volunteer, now, { connected: false, ready: false, progress: null }),
    forget: (volunteer) => void byId.delete(volunteer),
    sourceOf: (volunteer) => byId.get(volunteer)?.source,
    present: () =>
      [...byId]
        .filter(([, person]) => person.connected)
        .map(([volunteer, { source, ready }]) => ({ volunteer, source, ready })),
    report: () =>
      [...byId]
        .sort((a, b) => Number(b[1].connected) - Number(a[1].connected))
        .slice(0, reported)
        .map(([volunteer, person]) => ({ volunteer, ...person })),
  };
}
