// Whether this device took part when the page was last open: known before the worker is, so that a reload does not show the way in
// to somebody who is in. What it keeps is a word; all else the worker has.

import type { View } from "@homebody/volunteer/view";
import { takesPart } from "./sentences.ts";

const name = "homebody takes part";

export interface Mark {
  read(): boolean;
  write(takesPart: boolean): void;
}

/** A browser that lets nothing be kept shows the way in for a moment. */
export const pageMark: Mark = {
  read: () => {
    try {
      return localStorage.getItem(name) !== null;
    } catch {
      return false;
    }
  },
  write: (takesPart) => {
    try {
      if (takesPart) localStorage.setItem(name, "yes");
      else localStorage.removeItem(name);
    } catch {
      // then it is not kept
    }
  },
};

/** Null while a view says nothing of it: the worker has only begun. */
export function isIn(view: View): boolean | null {
  const { activity } = view;
  if (activity.kind === "finished") return view.roundsContributed > 0;
  if (takesPart(view) || activity.kind === "elsewhere") return true;
  return activity.kind === "stopped" || activity.kind === "unusable" ? false : null;
}
