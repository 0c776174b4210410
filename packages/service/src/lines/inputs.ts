// What the lines stand on: the run at work, who is here, and the ports.

import type { Clock } from "@homebody/clock";
import type { Blobs, Journal } from "@homebody/store/ports";
import type { Faults } from "../faults.ts";
import type { Inbox } from "../inbox/inbox.ts";
import type { Notices } from "../notices.ts";
import type { Actor } from "../run/actor.ts";
import type { Administration } from "./administration.ts";
import type { Limits } from "./limits.ts";
import type { People } from "./presence.ts";

export interface LineInputs {
  readonly actor: Actor;
  readonly inbox: Inbox;
  readonly people: People;
  readonly journal: Pick<Journal, "read">;
  readonly blobs: Blobs;
  readonly clock: Clock;
  readonly limits: Limits;
  readonly faults: Faults;
  readonly notices: Notices;
  readonly administration: Administration;
}
