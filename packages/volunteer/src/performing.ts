// Each kind of job, done: what it takes from the other rooms, and the event that tells the session how it ended.

import type { SourceId } from "@homebody/base";
import { isTrained } from "@homebody/dept";
import { events, type PassedBytes, type RunManifest } from "@homebody/protocol";
import { type Batch, bitsPerByte, drawBatch, type Shard } from "@homebody/text";
import { EngineError } from "@homebody/train";
import type { TrainOrder } from "./ahead.ts";
import { boxEndOf, deadlineOfRound, type Job } from "./jobs.ts";
import { passedIn } from "./ledger.ts";
import { withStep } from "./pace.ts";
import type { Clock, Line } from "./ports.ts";
import type { Preparation } from "./preparation.ts";
import { type RecordKeeper, withLoss } from "./record.ts";
import type { Replica } from "./replica.ts";
import type { Session, SessionEvent } from "./session.ts";
import type { StoredDelta } from "./stored-state.ts";
import type { Text } from "./text-file.ts";
import { ask, upload } from "./upload.ts";
import type { Task } from "./view.ts";
import type { LocalStep, Work } from "./work.ts";

export interface PerformerInputs {
  readonly manifest: RunManifest;
  readonly source: SourceId;
  readonly session: () => Session;
  readonly preparation: Preparation;
  readonly record: RecordKeeper;
  readonly clock: Clock;
  readonly line: () => Line;
  readonly duty: () => number;
  readonly isLineBusy: () => boolean;
  readonly report: (task: Omit<Task, "startedAt">, job: Job) => void;
  readonly stepped: (step: LocalStep) => void;
  /** This delta is sent from now on. */
  readonly sending: (delta: StoredDelta) => void;
}

export function performer(inputs: PerformerInputs): (job: Job, signal: AbortSignal) => Promise<SessionEvent> {
  const { manifest, preparation, record, clock, line } = inputs;

  return async (job, signal) => {
    const report = (task: Omit<Task, "startedAt">) => inputs.report(task, job);
    const work: Work = {
      report,
      stepped: (step) => {
        record.change({ pace: withStep(record.now().pace, step.ms) });
        if (job.kind === "train") addLoss(job.order, step);
        inputs.stepped(step);
      },
      keeping: record.save,
      signal,
      duty: inputs.duty,
      isLineBusy: inputs.isLineBusy,
      deadline: () => (job.kind === "train" ? deadlineOfRound(inputs.session(), job.order.round) : null),
      boxEnds: () => (job.kind === "train" ? boxEndOf(inputs.session(), job.order.round) : null),
      pace: () => record.now().pace,
    };
    switch (job.kind) {
      case "prepare": {
        const { stored } = await preparation.prepare(report, signal);
        const [deltas, homeRound] = [await stored.deltas(), await stored.homeRound()];
        const ahead = await stored.orderAhead();
        const fresh = await prepared().replica.isFresh();
        const startsTrained = isTrained(manifest, { number: 0 });
        await record.save();
        const { scored, roundsContributed } = record.now();
        return {
          kind: "prepared",
          deltas,
          homeRound,
          fresh,
          startsTrained,
          scored,
          roundsContributed,
          ahead,
        };
      }
      case "fetch":
        await prepared().replica.fetch(job.body, work);
        return { kind: "fetched", id: job.body.id };
      case "fit": {
        const { replica, text } = prepared();
        await replica.fit(job.body, fitBatches(0, text.train), work);
        return { kind: "fitted" };
      }
      case "evaluate": {
        const { replica, text } = prepared();
        const scored = await replica.evaluate(job.body, job.homeRound, text.heldOut, work);
        const score = {
          body: scored.body,
          bitsPerByte: bitsPerByte(scored.nats, scored.bytes),
          at: clock.now(),
        };
        const others = record.now().scores.filter(({ body }) => body !== scored.body);
        record.change({ scores: [...others, score], scored });
        await record.save();
        return { kind: "evaluated", scored };
      }
      case "review": {
        const { replica, text } = prepared();
        return { kind: "reviewed", delta: job.delta, verdict: await replica.review(job, text.heldOut, work) };
      }
      case "train": {
        const { replica, text } = prepared();
        const pending = await replica.train(
          job.order,
          { training: batches(job.order, text.train), fitting: fitBatches(job.order.round, text.train) },
          work,
        );
        record.change({ stepsMade: record.now().stepsMade + pending.steps });
        return { kind: "trained", pending, homeRound: job.order.homeRound };
      }
      case "report": {
        report({ kind: "report", done: 0, of: 0, unit: "bytes" });
        const reply = await ask(line(), events.evaluation, job.scored);
        return reply.ok
          ? { kind: "reported", body: job.scored.body }
          : { kind: "refused", reason: reply.refusal };
      }
      case "tell":
        report({ kind: "report", done: 0, of: 0, unit: "bytes" });
        await ask(line(), events.verdict, job.verdict); // whatever the answer, there is no more to say
        return { kind: "told" };
      case "send": {
        const { round } = job.pending;
        report({ kind: "save", done: 0, of: 1, unit: "steps" });
        const delta = await prepared().replica.stored.delta(round);
        if (delta === undefined) throw new EngineError(`the stored delta of round ${round} is gone`);
        inputs.sending(delta);
        const progress = (done: number, of: number) => report({ kind: "send", done, of, unit: "bytes" });
        const { ledger, told } = record.now();
        const { sentBytes, receivedBytes } = passedIn(ledger);
        const now = { sentBytes: sentBytes + delta.bytes.length, receivedBytes };
        const claim = { ...delta.pending, passed: since(told, now) };
        const outcome = await upload(claim, delta.bytes, { line: line(), progress, signal });
        if (outcome.kind !== "accepted") return outcome;
        record.change({ told: now }); // it is saved when the delta is settled
        return { kind: "accepted", round };
      }
      case "settle": {
        const { round, tokens } = job.pending;
        await prepared().replica.stored.settle(round, job.accepted);
        if (job.accepted) {
          const { roundsContributed, tokensTrained } = record.now();
          record.change({
            roundsContributed: roundsContributed + 1,
            tokensTrained: tokensTrained + tokens,
          });
        }
        await record.save();
        return { kind: "settled", round, accepted: job.accepted };
      }
      case "leave":
        await ask(line(), events.leave, {});
        return { kind: "left" };
      default:
        job satisfies never;
        throw new Error(`unknown job ${JSON.stringify(job)}`);
    }
  };

  function prepared(): { readonly replica: Replica; readonly text: Text } {
    const { replica, text } = preparation.has();
    if (replica === undefined || text === undefined) throw new EngineError("the device is not prepared");
    return { replica, text };
  }

  /** Volunteers of a served source deal its batches out among themselves; who brought text is alone with it. */
  function batches({ round, localSteps, ...order }: TrainOrder, shard: Shard): (step: number) => Batch {
    const { seed, batch } = manifest.training;
    const isServed = manifest.sources.find(({ id }) => id === inputs.source)?.served !== null;
    const { slot, slots } = isServed ? order : { slot: 0, slots: 1 };
    const draw = { seed, source: inputs.source, slot, slots, round, localSteps, batch };
    return (step) => drawBatch(shard, { ...draw, step });
  }

  /** Batches that words are fitted with, before a round's own: an order of their own, the same for each volunteer of the source. */
  function fitBatches(round: number, shard: Shard): (step: number) => Batch {
    const { seed, batch, fitSteps, refitSteps } = manifest.training;
    const localSteps = Math.max(1, fitSteps, refitSteps);
    const draw = { seed, source: `${inputs.source}/fit`, slot: 0, slots: 1, round, localSteps, batch };
    return (step) => drawBatch(shard, { ...draw, step });
  }

  function addLoss(order: TrainOrder, { step, loss }: LocalStep): void {
    const { train, textBytes } = prepared().text;
    const tokensPerByte = (train.stream.length - 1) / textBytes;
    const before = manifest.training.timeBox === "off" ? order.stepsBefore : record.now().stepsMade;
    const point = { step: before + step, bitsPerByte: (loss / Math.LN2) * tokensPerByte };
    record.change({ losses: withLoss(record.now().losses, point) });
  }
}

/** A delta whose first bytes were there already was told longer than what was sent of it: no less than nothing. */
function since(told: PassedBytes, now: PassedBytes): PassedBytes {
  return {
    sentBytes: Math.max(0, now.sentBytes - told.sentBytes),
    receivedBytes: Math.max(0, now.receivedBytes - told.receivedBytes),
  };
}
