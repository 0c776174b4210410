// The numbered rules, as they can be seen from outside: in the journal after each append, in the coordinator after each timer, on
// volunteers' disks in the end. What is counted here is counted from the facts alone, by none of the production's folds.

import assert from "node:assert/strict";
import { type Sha256, sha256Of, type VolunteerId } from "@homebody/base";
import { type Entry, type Fact, readEntry } from "@homebody/coordinator";
import type { Journal } from "@homebody/store/ports";
import type { Disk } from "@homebody/volunteer";

export interface Watch {
  /** A journal like the other, of which every append is looked at before anybody hears of it. */
  journal(of: Journal): Journal;
  entries(): readonly Entry[];
  /** Rounds in which deltas of this volunteer were accepted. */
  acceptedOf(volunteer: VolunteerId): readonly number[];
  /** Sections of all bodies by now, by their hash. */
  sections(): ReadonlySet<Sha256>;
}

export function watch(): Watch {
  const entries: Entry[] = [];
  const rounds = new Map<VolunteerId, number[]>();
  const sections = new Set<Sha256>();
  let body = 0;
  let finished = false;
  let closed: readonly VolunteerId[] | null = null;
  let open: {
    readonly round: number;
    readonly assigned: ReadonlySet<VolunteerId>;
    readonly accepted: Set<VolunteerId>;
  } | null = null;

  function look(fact: Fact): void {
    assert.ok(!finished, `[C15] ${fact.kind} after the end`);
    switch (fact.kind) {
      case "created":
        for (const { sha256 } of fact.sections) sections.add(sha256);
        return;
      case "opened":
        assert.equal(fact.round, body + 1, "[C8] rounds are opened in order");
        assert.ok(open === null && closed === null, "[C4] one round at a time");
        open = {
          round: fact.round,
          assigned: new Set(fact.assigned.map(({ volunteer }) => volunteer)),
          accepted: new Set(),
        };
        assert.equal(open.assigned.size, fact.assigned.length, "[C4] each is assigned once");
        return;
      case "accepted": {
        const { volunteer, round } = fact;
        assert.equal(round, open?.round, "[C6] a delta of the open round");
        assert.ok(open!.assigned.has(volunteer), "[C6] of one who is assigned");
        assert.ok(!open!.accepted.has(volunteer), "[C6] accepted once");
        open!.accepted.add(volunteer);
        rounds.set(volunteer, [...(rounds.get(volunteer) ?? []), round]);
        return;
      }
      case "closed":
        assert.equal(fact.round, open?.round, "[C7] the open round closes");
        assert.deepEqual(
          [...fact.averaged].sort(),
          [...open!.accepted].sort(),
          "[C10] all that was accepted counts",
        );
        assert.ok(fact.averaged.length > 0, "[C8] with a delta at least");
        [open, closed] = [null, fact.averaged];
        return;
      case "lapsed":
        assert.equal(open?.accepted.size, 0, "[C8] nothing that was accepted is lost");
        open = null;
        return;
      case "published":
        assert.equal(fact.round, body + 1, "[C10] bodies follow one another");
        assert.deepEqual(
          fact.cosines.map(({ volunteer }) => volunteer),
          closed,
          "[C10] once each",
        );
        for (const { sha256 } of fact.sections) sections.add(sha256);
        body += 1;
        closed = null;
        return;
      case "finished":
        assert.ok(open === null && closed === null, "[C14] no round is left");
        finished = true;
        return;
      default:
        return;
    }
  }

  return {
    journal: (of) => ({
      ...of,
      append: async (run, seq, at, facts, names) => {
        const last = await of.append(run, seq, at, facts, names);
        for (const entry of await of.read(run, seq, facts.length)) {
          const read = readEntry(entry);
          assert.equal(read.seq, entries.length + 1, "a journal has no gaps");
          entries.push(read);
          look(read.fact);
        }
        return last;
      },
    }),
    entries: () => entries,
    acceptedOf: (volunteer) => rounds.get(volunteer) ?? [],
    sections: () => sections,
  };
}

/** Every section of a body on a volunteer's disk is one that was published. */
export async function checkBodies(disk: Disk, { sections }: Watch): Promise<void> {
  for (const name of await disk.names())
    if (/^(body|first)-/.test(name))
      assert.ok(sections().has(sha256Of((await disk.read(name))!)), `${name}: a body that was published`);
}
