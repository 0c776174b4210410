// From what a volunteer knows to what a screen shows.

import type { Millis, RunId, SourceId, VolunteerId } from "@homebody/base";
import { openingOf } from "@homebody/text";
import { type Hours, timeWords } from "./hours.ts";
import { deadlineOf, failureOf } from "./jobs.ts";
import type { ProgressRoom } from "./progress.ts";
import type { RunRecord } from "./record.ts";
import type { Replica } from "./replica.ts";
import type { Session } from "./session.ts";
import type { Text } from "./text-file.ts";
import type {
  Activity,
  DeviceCheck,
  Intensity,
  RoundStage,
  SampleView,
  Task,
  View,
  Waiting,
} from "./view.ts";

export interface Known {
  readonly session: Session;
  readonly record: RunRecord;
  readonly run: RunId;
  readonly volunteer: VolunteerId;
  readonly source: SourceId;
  readonly device: DeviceCheck | null;
  readonly task: Task | null;
  /** Since when nothing is computed. */
  readonly waitingSince: Millis;
  readonly line: View["line"];
  readonly reached: ProgressRoom["reached"];
  readonly intensity: Intensity;
  /** In which it may compute; null: always. */
  readonly hours: Hours | null;
  readonly tokensPerSecond: number | null;
  readonly vocabulary: View["vocabulary"];
  readonly sampling: SampleView | null;
  readonly now: Millis;
}

export function viewOf(known: Known): View {
  const { session, record } = known;
  const { announcement } = session;
  return {
    run: known.run,
    volunteer: known.volunteer,
    source: known.source,
    line: known.line,
    device: known.device,
    activity: activityOf(known),
    round: roundOf(known),
    body: announcement && { number: announcement.body.number, id: announcement.body.id },
    intensity: known.intensity,
    finishing: session.finishing,
    scores: record.scores,
    losses: record.losses,
    tokensPerSecond: known.tokensPerSecond,
    roundsContributed: record.roundsContributed,
    tokensTrained: record.tokensTrained,
    vocabulary: known.vocabulary,
    ledger: record.ledger,
    quarantined: announcement?.quarantined ?? false,
    refusal: session.refusal,
    sampling: known.sampling,
  };
}

/** The open round, or the one that is trained ahead of it (V54): then that is what this device is at. */
function roundOf({ session, reached }: Known): View["round"] {
  const { announcement, ahead } = session;
  if (ahead !== null && (announcement?.kind !== "training" || announcement.round < ahead.round)) {
    const { step, of: localSteps } = reached(ahead.round) ?? { step: 0, of: ahead.localSteps };
    return { round: ahead.round, localSteps, stage: step > 0 ? "train" : "get", step, deadline: null };
  }
  if (announcement?.kind !== "training" || announcement.assignment === null) return null;
  const { round, accepted } = announcement;
  const { step: made, of: localSteps } = reached(round) ?? { step: 0, of: announcement.localSteps };
  const stage = accepted ? "wait" : stageOf(session, round, made);
  const step = stage === "send" || stage === "wait" ? localSteps : made;
  return { round, localSteps, stage, step, deadline: deadlineOf(session) };
}

function stageOf({ queue, roundDone, again }: Session, round: number, step: number): RoundStage {
  if (queue.some(({ pending }) => pending.round === round)) return "send";
  if (roundDone >= round && round !== again) return "wait";
  return step > 0 ? "train" : "get";
}

function activityOf(known: Known): Activity {
  const { session, task } = known;
  switch (session.ended) {
    case "finished":
      return { kind: "finished" };
    case "asked":
    case "removed":
    case "replaced":
    case "refused":
      return { kind: "stopped", why: session.ended };
    case "unusable":
      return { kind: "unusable", message: session.failures.compute?.message ?? "" };
    case null:
      break;
    default:
      session.ended satisfies never;
  }
  if (!session.contributing) return { kind: "idle" };
  if (session.paused) return { kind: "paused" };
  if (session.outOfHours && known.hours !== null)
    return {
      kind: "waiting",
      waiting: { for: "hours", since: known.waitingSince, opensAt: timeWords(known.hours.from) },
    };
  if (task !== null) return { kind: "working", task };
  const failure = failureOf(session);
  if (failure !== null) return { kind: "failed", ...failure };
  return { kind: "waiting", waiting: waitingOf(known) };
}

function waitingOf({ session, volunteer, waitingSince: since }: Known): Waiting {
  const { announcement } = session;
  if (session.awaitsApproval) return { for: "approval", volunteer, since };
  if (!session.connected || announcement === null) return { for: "connection", since };
  if (announcement.paused) return { for: "host", since, held: announcement.held ?? null };
  const until = deadlineOf(session);
  switch (announcement.kind) {
    case "gathering": {
      const { ready, minimum } = announcement;
      return ready < minimum ? { for: "volunteers", ready, minimum, since } : { for: "coordinator", since };
    }
    case "training": {
      const took = announcement.accepted || session.roundDone >= announcement.round;
      return { for: took && announcement.assignment !== null ? "others" : "next-round", since, until };
    }
    case "evaluating":
      return { for: "others", since, until };
    case "closing":
    case "finished":
      return { for: "coordinator", since };
    default:
      announcement satisfies never;
      throw new Error(`unknown announcement ${JSON.stringify(announcement)}`);
  }
}

/** Text and what stays at home, in numbers. */
export function vocabularyOf(text: Text, replica: Replica | undefined): View["vocabulary"] {
  const parameters = replica?.exchange.home.reduce((sum, { layout }) => sum + layout.size, 0) ?? 0;
  const { tokenizer, textBytes } = text;
  const opening = openingOf(text);
  return { size: tokenizer.vocabularySize, embeddingBytes: 4 * parameters, textBytes, opening };
}
