// What may be asked on a connection, and what is done for it. Each answers with a refusal where whoever asks is at fault;
// it throws an InputError for what is malformed, and any other error where the world is at fault.

import {
  checkAskApplicants,
  checkChunk,
  checkCommit,
  checkEvaluation,
  checkOpenMessage,
  checkReady,
  checkVerdict,
  checkWatch,
  events,
  type Refusal,
  type Reply,
} from "@homebody/protocol";
import type { Sender } from "../inbox/uploads.ts";
import type { Applicants } from "./applicants.ts";
import type { LineInputs } from "./inputs.ts";
import { introduction } from "./introduction.ts";
import type { Visitor } from "./visitor.ts";
import type { Volunteers } from "./volunteers.ts";
import type { Watchers } from "./watchers.ts";

export type Request = (message: unknown, visitor: Visitor) => Promise<object | Refusal>;
export type Requests = ReadonlyMap<string, Request>;

export function requests(
  inputs: LineInputs,
  volunteers: Volunteers,
  watchers: Watchers,
  applicants: Applicants,
): Requests {
  return new Map([
    [events.hello, introduction(inputs, volunteers, applicants)],
    ...ofVolunteers(inputs, volunteers),
    [events.watch, watching(inputs, watchers)],
    [events.admin, administering(inputs)],
    [events.applicants, listing(inputs, applicants)],
  ]);
}

/** Of those who have introduced themselves [P4]. */
function ofVolunteers(inputs: LineInputs, volunteers: Volunteers): readonly (readonly [string, Request])[] {
  const { actor, inbox, people, clock, faults, notices } = inputs;

  async function committing(commit: () => Promise<Reply>): Promise<object | Refusal> {
    const began = clock.elapsed();
    const answer = answerOf(await commit());
    notices.committed((clock.elapsed() - began) / 1000);
    if (typeof answer !== "string") await faults("commit:before-ack");
    return answer;
  }

  const asked: Readonly<
    Record<string, (message: unknown, sender: Sender, visitor: Visitor) => Promise<object | Refusal>>
  > = {
    async [events.ready](message, { volunteer }) {
      people.setReady(volunteer, checkReady(message), clock.now());
      actor.tick();
      volunteers.gatheringChanged();
      return {};
    },
    async [events.open](message, sender) {
      const opening = checkOpenMessage(message);
      if (opening.bytes === undefined) return answerOf(await inbox.open(sender, opening));
      notices.received(opening.bytes.length);
      return committing(() => inbox.open(sender, opening));
    },
    async [events.chunk](message, sender, visitor) {
      const chunk = checkChunk(message);
      notices.received(chunk.bytes.length);
      visitor.chunks += 1;
      try {
        return answerOf(await inbox.chunk(sender, chunk));
      } finally {
        visitor.chunks -= 1;
      }
    },
    async [events.commit](message, sender) {
      const commit = checkCommit(message);
      return committing(() => inbox.commit(sender, commit));
    },
    async [events.evaluation](message, sender) {
      // Before it is asked for: a round that opens meanwhile finds it [C33].
      const scored = people.setScored(sender.volunteer, checkEvaluation(message));
      const decision = await actor.do({ kind: "evaluate", ...scored, ...sender });
      return !decision.ok && decision.refusal === "not-assigned" ? {} : answerOf(decision);
    },
    async [events.verdict](message, { volunteer }) {
      return answerOf(await actor.do({ kind: "review", reviewer: volunteer, ...checkVerdict(message) }));
    },
    async [events.leave](_, { volunteer }, visitor) {
      volunteers.depart(visitor);
      visitor.awaitIntroduction();
      people.forget(volunteer);
      await actor.do({ kind: "leave", volunteer });
      volunteers.gatheringChanged();
      return {};
    },
  };
  return Object.entries(asked).map(([event, request]) => [
    event,
    async (message, visitor) => {
      if (visitor.sender === undefined) return "not-joined";
      people.seen(visitor.sender.volunteer, clock.now());
      return request(message, visitor.sender, visitor);
    },
  ]);
}

function watching({ clock }: LineInputs, watchers: Watchers): Request {
  return async (message, visitor) => {
    const { after } = checkWatch(message);
    if (!visitor.watches.take(clock.now())) return "too-many";
    return { last: await watchers.admit(visitor, after) };
  };
}

function administering({ administration }: LineInputs): Request {
  return async (message, { connection }) => answerOf(await administration.ask(message, connection.address));
}

function listing({ administration }: LineInputs, applicants: Applicants): Request {
  return async (message, { connection }) => {
    const { token } = checkAskApplicants(message);
    return administration.refusalOf(token, connection.address) ?? { applicants: applicants.list() };
  };
}

/** Facts are told by the journal, not by an answer. */
function answerOf(reply: Reply<{ readonly facts?: unknown }>): object | Refusal {
  if (!reply.ok) return reply.refusal;
  const { ok: _, facts: _facts, ...rest } = reply;
  return rest;
}
