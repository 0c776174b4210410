// Who is here: told by connections, forgotten with the process, never in the journal.
//
// A volunteer whose connection is lost stays in the list (the dashboard shows it as gone, and since when) until
// it leaves for good, or until room is needed. Who is ready is kept beside it, as the core wants it: at ten thousand
// volunteers a list made anew at each message would cost more than all else.

import type { Millis, SourceId, VolunteerId } from "@homebody/base";
import type { Ready, ReadyVolunteers, Scored } from "@homebody/coordinator";
import type { DeviceKind, Evaluation, PresenceReport, Progress, Ready as Said } from "@homebody/protocol";
import type { DeclaredRows } from "../exchanges.ts";

/** Who a volunteer says it is. */
export interface Newcomer {
  readonly source: SourceId;
  readonly device: DeviceKind;
  /** Null where rows are no matter of the text. */
  readonly rows: DeclaredRows | null;
}

interface Person extends Newcomer {
  /** Of its held-out text, in UTF-8; undefined where it did not say [P29]. */
  heldOutBytes?: number | undefined;
  /** The last evaluation that it reported with this source [C33]. */
  scored?: Scored | undefined;
  connected: boolean;
  progress: Progress | null;
  lastSeenAt: Millis;
}

/** At most so many are in one report to watchers [P32]; all are counted. */
const reported = 100;

export interface People {
  /** Volunteers that are kept in mind, connected or not. */
  readonly size: number;
  /** False when there is no room for another volunteer. */
  come(volunteer: VolunteerId, newcomer: Newcomer, now: Millis): boolean;
  setReady(volunteer: VolunteerId, said: Said, now: Millis): void;
  setProgress(volunteer: VolunteerId, progress: Progress, now: Millis): void;
  /** It has evaluated a body; returns the evaluation with what is known of its text. */
  setScored(volunteer: VolunteerId, evaluation: Evaluation): Scored;
  seen(volunteer: VolunteerId, now: Millis): void;
  /** The connection is lost: it may come back. */
  lose(volunteer: VolunteerId, now: Millis): void;
  /** It left for good, or was removed. */
  forget(volunteer: VolunteerId): void;
  sourceOf(volunteer: VolunteerId): SourceId | undefined;
  /** The bitmap that it declared. */
  rowsOf(volunteer: VolunteerId): Uint8Array | undefined;
  /** Those who are connected and have said that they are ready: kept, and always as it is now. */
  ready(): ReadyVolunteers;
  report(): Pick<PresenceReport, "volunteers" | "counts">;
}

export function people(most: number): People {
  const byId = new Map<VolunteerId, Person>();
  const ready = new Map<VolunteerId, Ready>();
  const seen = (volunteer: VolunteerId, now: Millis): Person | undefined => {
    const person = byId.get(volunteer);
    if (person !== undefined) person.lastSeenAt = now;
    return person;
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
    get size() {
      return byId.size;
    },
    come(volunteer, newcomer, now) {
      if (!byId.has(volunteer) && !room()) return false;
      ready.delete(volunteer); // until it says so on this connection
      const before = byId.get(volunteer);
      const scored = before?.source === newcomer.source ? before.scored : undefined;
      byId.set(volunteer, { ...newcomer, scored, connected: true, progress: null, lastSeenAt: now });
      return true;
    },
    setReady(volunteer, { ready: isReady, heldOutBytes }, now) {
      const person = seen(volunteer, now);
      if (person !== undefined && heldOutBytes !== undefined) person.heldOutBytes = heldOutBytes;
      if (isReady && person?.connected) ready.set(volunteer, readyOf(person));
      else ready.delete(volunteer);
    },
    setScored(volunteer, evaluation) {
      const person = byId.get(volunteer);
      const scored = { ...evaluation, heldOutBytes: person?.heldOutBytes };
      if (person === undefined) return scored;
      person.scored = scored;
      if (ready.has(volunteer)) ready.set(volunteer, readyOf(person));
      return scored;
    },
    setProgress(volunteer, progress, now) {
      const person = seen(volunteer, now);
      if (person !== undefined) person.progress = progress;
    },
    seen: (volunteer, now) => void seen(volunteer, now),
    lose(volunteer, now) {
      const person = seen(volunteer, now);
      if (person !== undefined) Object.assign(person, { connected: false, progress: null });
      ready.delete(volunteer);
    },
    forget(volunteer) {
      byId.delete(volunteer);
      ready.delete(volunteer);
    },
    sourceOf: (volunteer) => byId.get(volunteer)?.source,
    rowsOf: (volunteer) => byId.get(volunteer)?.rows?.bits,
    ready: () => ready,
    report() {
      const shown = firstOf(byId, reported).map(
        ([volunteer, { rows: _, scored: _s, heldOutBytes: _h, ...person }]) => ({
          volunteer,
          ready: ready.has(volunteer),
          ...person,
        }),
      );
      return { volunteers: shown, counts: countsOf(byId.values()) };
    },
  };
}

/** Those who are connected first, each in the order of coming. */
function firstOf(people: ReadonlyMap<VolunteerId, Person>, most: number): [VolunteerId, Person][] {
  const [here, gone]: [VolunteerId, Person][][] = [[], []];
  for (const entry of people) {
    if (entry[1].connected) here!.push(entry);
    else if (gone!.length < most) gone!.push(entry);
    if (here!.length === most) break;
  }
  return [...here!, ...gone!].slice(0, most);
}

function countsOf(people: Iterable<Person>): NonNullable<PresenceReport["counts"]> {
  const connected: Record<SourceId, number> = {};
  let all = 0;
  for (const person of people) {
    all += 1;
    if (person.connected) connected[person.source] = (connected[person.source] ?? 0) + 1;
  }
  return { all, connected };
}

function readyOf({ source, rows, scored }: Person): Ready {
  return { source, rows: rows?.sha256 ?? null, scored };
}
