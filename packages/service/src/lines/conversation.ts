// One connection: each message is counted, carried out and answered; a refusal touches nobody else.

import { InputError } from "@homebody/base";
import type { ConnectionListener } from "@homebody/line";
import { checkProgress, chunkWindow, events, type Refusal, type UploadOpened } from "@homebody/protocol";
import type { LineInputs } from "./inputs.ts";
import type { Requests } from "./requests.ts";
import type { Visitor } from "./visitor.ts";

/** Twice the window [P8]: what was acknowledged may not have arrived there yet. */
const chunksAtOnce = chunkWindow * 2;
const excessMost = 200;

export function conversation(
  visitor: Visitor,
  requests: Requests,
  inputs: Pick<LineInputs, "people" | "clock" | "faults" | "notices">,
  refused: (word: Refusal) => void,
): ConnectionListener["message"] {
  const { people, clock, faults, notices } = inputs;
  type Answer = Parameters<ConnectionListener["message"]>[2];

  const isBeyondRate = () => !visitor.requests.take(clock.now());

  /** Chunks are bounded by their window, all else by a rate [P16]. */
  function isBeyond(event: string): boolean {
    return event === events.chunk ? visitor.chunks >= chunksAtOnce : isBeyondRate();
  }

  function turnAway(answer: Answer): void {
    refused("too-many");
    visitor.excess += 1;
    if (visitor.excess > excessMost) visitor.connection.close();
    else answer({ ok: false, refusal: "too-many" });
  }

  function progress(message: unknown): void {
    if (visitor.sender === undefined || !visitor.requests.take(clock.now())) return;
    try {
      people.setProgress(visitor.sender.volunteer, checkProgress(message), clock.now());
    } catch (error) {
      if (!(error instanceof InputError)) throw error;
      refused("malformed");
    }
  }

  async function resultOf(event: string, message: unknown): Promise<object | Refusal> {
    try {
      return await requests.get(event)!(message, visitor);
    } catch (error) {
      if (error instanceof InputError) return "malformed";
      // The world's fault (disk, database): whoever asked tries again by itself.
      notices.troubled(error);
      return "trouble";
    }
  }

  async function carryOut(event: string, message: unknown, answer: Answer): Promise<void> {
    const result = await resultOf(event, message);
    if (typeof result === "string") {
      // A chunk that was not taken is a request like any other: windows bound only those that are.
      if (event === events.chunk && isBeyondRate()) return turnAway(answer);
      refused(result);
      return answer({ ok: false, refusal: result });
    }
    if (event === events.chunk) visitor.excess = 0;
    answer({ ok: true, ...result });
    if (event === events.commit || isAccepted(result)) await faults("commit:after-ack");
  }

  return (event, message, answer) => {
    if (event === events.progress) return progress(message);
    if (isBeyond(event)) return turnAway(answer);
    if (event !== events.chunk) visitor.excess = 0; // of a chunk it is seen when it was taken
    if (!requests.has(event)) return refused("malformed"); // [P2] ignored and counted
    void carryOut(event, message, answer);
  };
}

/** An opening that brought the whole delta. */
function isAccepted(result: object): boolean {
  return (result as Partial<UploadOpened>).accepted === true;
}
