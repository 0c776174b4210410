// A hello, and what follows from it: who is admitted the run decides (packages/coordinator), here is done what that means.

import { InputError, type VolunteerId } from "@homebody/base";
import { admit } from "@homebody/coordinator";
import {
  type Applicant,
  checkHello,
  hashOfCode,
  protocolOf,
  protocolVersion,
  type Refusal,
  volunteerOf,
  type Welcome,
} from "@homebody/protocol";
import { rowsOf } from "../exchanges.ts";
import type { Applicants } from "./applicants.ts";
import type { LineInputs } from "./inputs.ts";
import { buckets } from "./limits.ts";
import type { Visitor } from "./visitor.ts";
import type { Volunteers } from "./volunteers.ts";

export function introduction(inputs: LineInputs, volunteers: Volunteers, applicants: Applicants) {
  const { actor, blobs, people, clock, limits } = inputs;
  const turnAway = turningAway(inputs, applicants);
  const perMinute = limits.newVolunteersPerMinute;
  const newcomers = buckets(perMinute / 60, perMinute);

  /** [P31] */
  function isOneTooMany(volunteer: VolunteerId, { connection }: Visitor): boolean {
    const { contributors, admitted } = actor.state();
    const isKnown =
      people.sourceOf(volunteer) !== undefined || contributors.has(volunteer) || admitted.has(volunteer);
    return !isKnown && !newcomers.take(connection.address, clock.now());
  }

  return async (message: unknown, visitor: Visitor): Promise<Welcome | Refusal> => {
    // Before all else: what is of another version need not be understood.
    if ((protocolOf(message) ?? protocolVersion) !== protocolVersion) return "protocol-version";
    const { secret, device, rows, code, ...hello } = checkHello(message);
    const volunteer = volunteerOf(secret);
    const entrant = { volunteer, source: hello.source, code: code === undefined ? null : hashOfCode(code) };
    const admission = () => {
      const connectionOf = visitor.identity;
      return admit(actor.state(), { ...hello, ...entrant, connectionOf, before: people.sourceOf(volunteer) });
    };
    const first = admission();
    if (!first.ok) return turnAway(first.refusal, visitor, { volunteer, source: hello.source, device });
    if (isOneTooMany(volunteer, visitor)) return "too-many";
    if (first.isNew) {
      const entered = await actor.do({ kind: "admit", ...entrant });
      if (!entered.ok) return entered.refusal;
    }
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
    applicants.forget(volunteer);
    visitor.applies = false;
    visitor.identity = volunteer;
    volunteers.arrive(visitor, { volunteer, source });
    if (admitted.leaves) await actor.do({ kind: "leave", volunteer });
    volunteers.announce(visitor);
    volunteers.gatheringChanged();
    return { volunteer, announcement: volunteers.announcement(volunteer) };
  };
}

/** What a hello that is refused leaves behind: nothing, but that the host may see who waits for it [P39]. */
function turningAway({ clock, limits }: LineInputs, applicants: Applicants) {
  const perMinute = limits.codeGuessesPerMinute;
  const wrongCodes = buckets(perMinute / 60, perMinute);

  return (refusal: Refusal, visitor: Visitor, applicant: Omit<Applicant, "since">): Refusal => {
    const { address } = visitor.connection;
    // [P38] A right code is never among them.
    if (refusal === "code-spent" && !wrongCodes.take(address, clock.now())) return "too-many";
    if (refusal === "not-approved") {
      visitor.applies = true;
      visitor.identity = applicant.volunteer;
      applicants.ask(visitor, applicant, clock.now());
    }
    return refusal;
  };
}
