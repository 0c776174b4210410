// The coordinator's end of all lines: who is let in, who is on which of them, and who is told what.

import { type Entry, isAnnounced } from "@homebody/coordinator";
import type { Entrance } from "@homebody/line";
import type { Applicant, Refusal } from "@homebody/protocol";
import { applicantsList } from "./applicants.ts";
import { conversation } from "./conversation.ts";
import type { LineInputs } from "./inputs.ts";
import { buckets, counters } from "./limits.ts";
import { requests } from "./requests.ts";
import { type Visitor, visitorOn } from "./visitor.ts";
import { connectedVolunteers } from "./volunteers.ts";
import { watchersOf } from "./watchers.ts";

export interface Lines {
  readonly entrance: Entrance;
  /** Facts were appended: watchers are told, and volunteers where it changes what they are told. */
  tell(entries: readonly Entry[]): void;
  counts(): { readonly connections: number; readonly volunteers: number };
  /** Who waits for the host to let it into a source. */
  applicants(): readonly Applicant[];
  /** Ends all connections. */
  close(): void;
}

export function openLines(inputs: LineInputs): Lines {
  const { actor, people, journal, clock, limits, notices } = inputs;
  const visitors = new Set<Visitor>();
  const volunteers = connectedVolunteers({ state: actor.state, people, clock });
  const watchers = watchersOf({
    ...{ people, clock, limits },
    last: actor.seq,
    read: (after, limit) => journal.read(actor.state().manifest.run, after, limit),
  });
  const applicants = applicantsList(limits.applicants);
  const asked = requests(inputs, volunteers, watchers, applicants);
  const perAddress = counters();
  const newcomers = buckets(limits.newPerSecond, limits.newPerSecond * 10);
  let open = 0;

  function refused(word: Refusal): void {
    watchers.refused(word);
    notices.refused(word);
  }

  const entrance: Entrance = {
    admits(address) {
      const full = open >= limits.connections || perAddress.of(address) >= limits.connectionsPerAddress;
      const admitted = !full && newcomers.take(address, clock.now());
      if (!admitted) refused("too-many");
      return admitted;
    },
    opened(address) {
      open += 1;
      perAddress.add(address, 1);
      return () => {
        open -= 1;
        perAddress.add(address, -1);
      };
    },
    connected(connection) {
      const visitor = visitorOn(connection, limits, clock);
      visitors.add(visitor);
      visitor.awaitIntroduction();
      return {
        message: conversation(visitor, asked, inputs, refused),
        closed() {
          visitor.end();
          visitors.delete(visitor);
          watchers.depart(visitor);
          applicants.depart(visitor);
          if (visitor.sender) people.lose(visitor.sender.volunteer, clock.now());
          volunteers.depart(visitor);
          volunteers.gatheringChanged();
        },
      };
    },
  };

  return {
    entrance,
    tell(entries) {
      watchers.tell(entries);
      for (const { fact } of entries) {
        if (fact.kind === "removed" || fact.kind === "admitted") applicants.forget(fact.volunteer);
        if (fact.kind === "removed") {
          volunteers.dismiss(fact.volunteer, "removed");
          people.forget(fact.volunteer);
        }
      }
      if (entries.some(({ fact }) => isAnnounced(fact))) volunteers.announceToAll();
    },
    applicants: applicants.list,
    counts: () => ({ connections: open, volunteers: volunteers.size }),
    close() {
      watchers.close();
      for (const { connection } of [...visitors]) connection.close();
      volunteers.close();
    },
  };
}
