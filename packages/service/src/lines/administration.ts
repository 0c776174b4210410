// The host's acts, whichever way they come in: by a line, or by a channel of the machine itself.

import type { Clock } from "@homebody/clock";
import { checkAdmin, type Refusal, type Reply } from "@homebody/protocol";
import type { Notices } from "../notices.ts";
import type { Actor } from "../run/actor.ts";
import { buckets, type Limits } from "./limits.ts";

export interface AdministrationInputs {
  readonly actor: Pick<Actor, "do">;
  readonly clock: Pick<Clock, "now">;
  readonly limits: Pick<Limits, "adminGuessesPerMinute">;
  readonly notices: Pick<Notices, "acted">;
  /** Whether this is the host's token; compared in constant time. */
  readonly isAdmin: (token: string) => boolean;
}

export interface Administration {
  /** An Admin message of this address [P19]. Throws an InputError for one that is malformed. */
  ask(message: unknown, address: string): Promise<Reply>;
  /** Of whoever is not the host, by its token. */
  refusalOf(token: string, address: string): Refusal | undefined;
}

/**
 * [P19] [P37] Guesses of one address are bounded, so that guessing tells nothing; the right token always passes, whatever others
 * have guessed.
 */
export function administration({
  actor,
  clock,
  limits,
  isAdmin,
  notices,
}: AdministrationInputs): Administration {
  const perMinute = limits.adminGuessesPerMinute;
  const guesses = buckets(perMinute / 60, perMinute);
  function refusalOf(token: string, address: string): Refusal | undefined {
    if (isAdmin(token)) return undefined;
    return guesses.take(address, clock.now()) ? "not-authorised" : "too-many";
  }
  return {
    refusalOf,
    async ask(message, address) {
      const { token, act } = checkAdmin(message);
      const refusal = refusalOf(token, address);
      if (refusal) return { ok: false, refusal };
      const decision = await actor.do({ kind: "admin", act });
      if (decision.ok) notices.acted(act);
      return decision.ok ? { ok: true } : decision;
    },
  };
}
