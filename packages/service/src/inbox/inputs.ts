// What the inbox stands on: the run at work, and the ports.

import type { BodyRef } from "@homebody/protocol";
import type { Blobs, Journal, Spool } from "@homebody/store/ports";
import type { ExchangeOfDevice } from "../exchanges.ts";
import type { Faults } from "../faults.ts";
import type { Actor } from "../run/actor.ts";
import type { Keeping } from "../run/keeping.ts";
import type { LargestNumbers } from "./body-numbers.ts";
import type { Measuring } from "./contents.ts";

export interface InboxInputs {
  readonly actor: Actor;
  readonly journal: Pick<Journal, "find">;
  readonly blobs: Blobs;
  readonly spool: Spool;
  readonly faults: Faults;
  /** Which blobs the run names: whoever claims one of them as a new delta cannot have it removed. */
  readonly retention: Pick<Keeping, "kindOf">;
  readonly exchangeOfDevice: ExchangeOfDevice;
  readonly measure: Measuring;
  /** Of a body: what a delta's are measured beside. */
  readonly bodyNumbers: (body: BodyRef) => Promise<LargestNumbers>;
}
