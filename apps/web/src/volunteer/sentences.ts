// What a volunteer's device is doing, in her words. Sentences for live regions have no numbers: those are on the
// screen, and nobody wants them read aloud ten times a second.

import type { Activity, RoundStage, RoundView, Task, View, Waiting } from "@homebody/volunteer/view";
import { shortId } from "../dashboard/event-sentences.ts";
import { bytes, count, plural } from "../format/numbers.ts";
import { heldSentence } from "../run/run-sentences.ts";

export const taskWords: Readonly<Record<Task["kind"], string>> = {
  "check-device": "Checking this device",
  "download-text": "Getting the text",
  "read-text": "Reading the text",
  "train-vocabulary": "Learning the vocabulary of your text",
  "pack-text": "Packing the text into rows",
  "download-body": "Getting the body",
  "download-delta": "Getting what a peer's training changed",
  review: "Measuring what a peer's training changed",
  fit: "Fitting your new words to the body",
  evaluate: "Measuring the body on text it has never seen",
  report: "Telling the coordinator what was measured",
  train: "Training on your text",
  encode: "Packing what training changed",
  send: "Sending what training changed",
  save: "Saving on this device",
};

/** What is done once on a device, in this order. */
export const preparing: readonly Task["kind"][] = [
  "download-text",
  "read-text",
  "train-vocabulary",
  "pack-text",
];

/** How far a task is: `12 of 25 steps`, `1.2 MB of 3.4 MB`. */
export function progressWords({ done, of, unit }: Pick<Task, "done" | "of" | "unit">): string {
  if (of === 0 && done === 0) return "";
  if (unit === "bytes") return of > 0 ? `${bytes(done)} of ${bytes(of)}` : bytes(done);
  return of > 0 ? `${count(done)} of ${count(of)} ${unit}` : `${count(done)} ${unit}`;
}

export function waitingWords(waiting: Waiting): string {
  switch (waiting.for) {
    case "connection":
      return "Waiting for the line to the coordinator.";
    case "approval":
      return `Waiting for the host to let this device in. There it is called ${shortId(waiting.volunteer)}. This page goes on by itself.`;
    case "volunteers":
      return `Waiting for volunteers: ${count(waiting.ready)} of ${plural(waiting.minimum, "volunteer")} ready.`;
    case "next-round":
      return "Waiting for the next round. It starts from the body that everybody gets.";
    case "others":
      return "Your part of this round is in. The others are still training.";
    case "coordinator":
      return "The round is closed. The coordinator averages what everybody sent.";
    case "hours":
      return `Outside the hours that you gave this device. It goes on at ${waiting.opensAt}.`;
    case "host":
      if (waiting.held !== null) return heldSentence(waiting.held);
      return "The host has paused the run. Nothing is lost; it goes on when the host resumes it.";
    default:
      return waiting satisfies never;
  }
}

const spokenWaits: Readonly<Record<Waiting["for"], string>> = {
  connection: "Waiting for the coordinator.",
  approval: "Waiting for the host to let this device in.",
  volunteers: "Waiting for volunteers.",
  "next-round": "Waiting for the next round.",
  others: "Your part of this round is in. Waiting for the others.",
  coordinator: "The coordinator averages the round.",
  hours: "Outside the hours that you gave this device.",
  host: "The host has paused the run.",
};

/** For the live region: changes only when the kind of activity does. */
export function spoken(activity: Activity): string {
  switch (activity.kind) {
    case "idle":
      return "";
    case "working":
      return activity.task.kind === "save" ? "" : `${taskWords[activity.task.kind]}.`;
    case "waiting":
      return spokenWaits[activity.waiting.for];
    case "paused":
      return "Paused.";
    case "elsewhere":
      return "Another tab of this browser contributes.";
    case "finished":
      return "The run is over.";
    case "stopped":
      return "Stopped.";
    case "unusable":
      return `This text cannot be used: ${activity.message}`;
    case "failed":
      return `Something went wrong: ${activity.message}`;
    default:
      return activity satisfies never;
  }
}

export const stageWords: Readonly<Record<RoundStage, string>> = {
  get: "Get the body",
  train: "Train",
  send: "Send the changes",
  wait: "Wait for the others",
};

/** Where in a round this device is, or where it rests; null before its first round. */
export function stageOf(view: View): RoundStage | null {
  const { activity } = view;
  const reached = view.round?.stage ?? (view.body !== null && view.roundsContributed > 0 ? "wait" : null);
  if (activity.kind === "waiting" && activity.waiting.for === "others") return "wait";
  if (activity.kind !== "working") return reached;
  switch (activity.task.kind) {
    case "download-body":
    case "download-delta":
    case "review":
    case "evaluate":
    case "report":
      return "get";
    case "train":
      return "train";
    case "encode":
    case "send":
      return "send";
    case "fit":
    case "save":
      return reached;
    default:
      return null;
  }
}

/** `step 13 of 20`: of a round that is half trained. */
export function reachedWords(round: RoundView | null): string | null {
  return round?.stage === "train" ? `step ${count(round.step)} of ${count(round.localSteps)}` : null;
}

/** In a run that is over nobody is at work: what a device still does there is made ready, to be tried [V33]. */
export function asOver(view: View | null, isOver: boolean): View | null {
  return isOver && view !== null && takesPart(view) ? { ...view, activity: { kind: "finished" } } : view;
}

/** Whether this device takes part: the page shows the work instead of the way in. */
export function takesPart({ activity, source }: View): boolean {
  if (source === null) return false;
  return (
    activity.kind === "working" ||
    activity.kind === "waiting" ||
    activity.kind === "paused" ||
    activity.kind === "failed"
  );
}

/** Where the body is between the run (1) and the house (0). */
export function bodyPlace(view: View | null): number {
  const activity = view?.activity;
  if (view === null || activity === undefined) return 1;
  const stage = stageOf(view);
  if (stage === null || stage === "wait") return 1;
  if (activity.kind !== "working") return 0;
  const { kind, done, of } = activity.task;
  const share = of > 0 ? Math.min(1, done / of) : 0;
  if (kind === "download-body") return 1 - share;
  return kind === "send" ? share : 0;
}
