// A hello, and what follows from it: who is admitted the run decides (packages/coordinator), here is done what that means.

import { InputError } from "@homebody/base";
import { admit } from "@homebody/coordinator";
import {
  checkHello,
  protocolOf,
  protocolVersion,
  type Refusal,
  volunteerOf,
  type Welcome,
} from "@homebody/protocol";
import { rowsOf } from "../exchanges.ts";
import type { LineInputs } from "./inputs.ts";
import type { Visitor } from "./visitor.ts";
import type { Volunteers } from "./volunteers.ts";

export function introduction(inputs: LineInputs, volunteers: Volunteers) {
  const { actor, blobs, people, clock } = inputs;

  return async (message: unknown, visitor: Visitor): Promise<Welcome | Refusal> => {
    // Before all else: what is of another version need not be understood.
    if ((protocolOf(message) ?? protocolVersion) !== protocolVersion) return "protocol-version";
    const { secret, device, rows, ...hello } = checkHello(message);
    const volunteer = volunteerOf(secret);
    const admission = () => {
      const connectionOf = visitor.sender?.volunteer;
      return admit(actor.state(), { ...hello, volunteer, connectionOf, before: people.sourceOf(volunteer) });
    };
    const first = admission();
    if (!first.ok) return first.refusal;
    const held = await rowsOf(actor.state().manifest, first.source, rows, blobs).catch((error) => {
      if (error instanceof InputError) return "wrong-rows" as const;
      throw error;
    });
    if (held === "wrong-rows") return held;
    // Asked again after the wait, in which much may have happened.
    const admitted = admission();
    if (!admitted.ok) return admitted.refusal;
    if (visitor.gone) return "not-joined";
    const source = admitted.source.id;
    if (!people.come(volunteer, { source, device, rows: held }, clock.now())) return "too-many";
    volunteers.arrive(visitor, { volunteer, source });
    if (admitted.leaves) await actor.do({ kind: "leave", volunteer });
    volunteers.announce(visitor);
    volunteers.gatheringChanged();
    return { volunteer, announcement: volunteers.announcement(volunteer) };
  };
}
