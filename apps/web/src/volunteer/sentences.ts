// What a volunteer's device is doing, in her words. Sentences for live regions have no numbers: those are on the
// screen, and nobody wants them read aloud ten times a second.

import type { Activity, Task, View, Waiting } from "@homebody/volunteer/view";
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
  fit: "Fitting your new words to the body",
  evaluate: "Measuring the body on text it has never seen",
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
  if (unit === "bytes") return of > 0 ? `${bytes(done)} of ${bytes(of)}` : bytes(done);
  return of > 0 ? `${count(done)} of ${count(of)} ${unit}` : `${count(done)} ${unit}`;
}

export function waitingWords(waiting: Waiting): string {
  switch (waiting.for) {
    case "connection":
      return waiting.tries > 1
        ? `The coordinator cannot be reached. This page tries again by itself (try ${count(waiting.tries)}).`
        : "Connecting to the coordinator.";
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
    case "failed":
      return `Something went wrong: ${activity.message}`;
    default:
      return activity satisfies never;
  }
}

export const stages = ["get", "train", "send", "wait"] as const;
export type RingStage = (typeof stages)[number];

export const stageWords: Readonly<Record<RingStage, string>> = {
  get: "Get the body",
  train: "Train",
  send: "Send the changes",
  wait: "Wait for the others",
};

/** Where in a round this device is; null before its first round. */
export function stageOf(view: View): RingStage | null {
  const { activity } = view;
  if (activity.kind === "working")
    switch (activity.task.kind) {
      case "download-body":
      case "evaluate":
        return "get";
      case "train":
        return "train";
      case "encode":
      case "send":
        return "send";
      case "save":
        return view.round && view.round.step >= view.round.localSteps ? "send" : "train";
      default:
        return null;
    }
  if (activity.kind === "waiting")
    switch (activity.waiting.for) {
      case "others":
      case "coordinator":
      case "next-round":
        return "wait";
      default:
        return null;
    }
  return null;
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
  if (activity.kind === "paused" || activity.kind === "failed") return view.round ? 0 : 1;
  const stage = stageOf(view);
  if (stage === null || stage === "wait") return 1;
  if (activity.kind !== "working") return 0;
  const { kind, done, of } = activity.task;
  const share = of > 0 ? Math.min(1, done / of) : 0;
  if (kind === "download-body") return 1 - share;
  return kind === "send" ? share : 0;
}
