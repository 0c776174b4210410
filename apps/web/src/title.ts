// The title of the document: what the page's tab says of it, its state first.

import type { Figures } from "@homebody/coordinator";
import type { View } from "@homebody/volunteer/view";
import type { Page } from "./router.tsx";
import type { FeedState } from "./run/feed.ts";

export const titles: Readonly<Record<Page, string>> = {
  volunteer: "Take part",
  dashboard: "Dashboard",
  try: "Try it",
  admin: "Host",
};

export interface TitleInputs {
  readonly page: Page;
  readonly line: FeedState["line"];
  readonly figures: Pick<Figures, "name" | "finished" | "paused" | "round" | "rounds"> | null;
  readonly view: Pick<View, "activity" | "line"> | null;
}

export function titleOf({ page, line, figures, view }: TitleInputs): string {
  const state =
    page === "volunteer" ? stateOfDevice(view) : page === "try" ? null : stateOfRun(line, figures);
  const run = figures === null ? [] : [figures.name];
  return [...(state === null ? [titles[page]] : [state]), ...run, "Homebody"].join(" – ");
}

/** Null where this device does nothing that one would look at the tab for. */
function stateOfDevice(view: TitleInputs["view"]): string | null {
  if (view?.line?.kind === "silent" || view?.line?.kind === "lost") return "Not connected";
  const activity = view?.activity;
  switch (activity?.kind) {
    case "working":
      return activity.task.kind === "train"
        ? `Training, ${activity.task.done} of ${activity.task.of}`
        : "At work";
    case "waiting":
      return activity.waiting.for === "connection" ? "Not connected" : "Waiting";
    case "paused":
      return "Paused";
    case "finished":
      return "The run is over";
    case "failed":
      return "Something is wrong";
    default:
      return null;
  }
}

function stateOfRun(line: TitleInputs["line"], figures: TitleInputs["figures"]): string | null {
  if (figures === null) return null;
  if (figures.finished) return "The run is over";
  if (line === "lost") return "Not connected";
  return `${figures.paused ? "Paused, round" : "Round"} ${figures.round} of ${figures.rounds}`;
}
