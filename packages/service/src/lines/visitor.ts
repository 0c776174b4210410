// Whoever is on a connection: a volunteer once it has introduced itself, a watcher once it watches, until then nobody.

import type { VolunteerId } from "@homebody/base";
import type { Cancel, Clock } from "@homebody/clock";
import type { Connection } from "@homebody/line";
import type { Sender } from "../inbox/uploads.ts";
import { type Bucket, bucket, type Limits } from "./limits.ts";

export interface Visitor {
  readonly connection: Connection;
  /** Who it has introduced itself as. */
  sender: Sender | undefined;
  /** As whom it has ever introduced itself: a line is of one volunteer for as long as it lasts [P31]. */
  identity: VolunteerId | undefined;
  /** It waits for the host's approval [P39]. */
  applies: boolean;
  watching: boolean;
  /** The connection is over. */
  gone: boolean;
  /** All it asks but chunks, which their window bounds [P16]. */
  readonly requests: Bucket;
  /** Each may bring a page of the journal. */
  readonly watches: Bucket;
  /** Chunks that are being taken. */
  chunks: number;
  /** Requests beyond the bound, since the last one within it. */
  excess: number;
  /** From now on it has its time to say hello or to watch; then it goes. */
  awaitIntroduction(): void;
  /** It is gone: nothing is waited for. */
  end(): void;
}

const watchesPerSecond = 0.5;

export function visitorOn(
  connection: Connection,
  { messagesPerSecond, introductionMs }: Limits,
  clock: Clock,
): Visitor {
  let cancel: Cancel = () => {};
  const visitor: Visitor = {
    connection,
    sender: undefined,
    identity: undefined,
    applies: false,
    watching: false,
    gone: false,
    requests: bucket(messagesPerSecond, messagesPerSecond * 4),
    watches: bucket(watchesPerSecond, 5),
    chunks: 0,
    excess: 0,
    awaitIntroduction() {
      cancel();
      cancel = clock.after(introductionMs, () => {
        const isSomebody = visitor.sender !== undefined || visitor.watching || visitor.applies;
        if (!isSomebody) connection.close();
      });
    },
    end() {
      cancel();
      visitor.gone = true;
    },
  };
  return visitor;
}

/** Messages that wait for one slow connection. */
const backlogMost = 500;

/** A connection that does not read is closed rather than remembered for. */
export function send({ connection }: Visitor, event: string, message: unknown): void {
  if (connection.waiting() > backlogMost) connection.close();
  else connection.send(event, message);
}
