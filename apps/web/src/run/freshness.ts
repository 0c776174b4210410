// Whether what a page shows is what is: it is told who is here about once a second, and a line may be dead long before it is closed.

import type { PresenceReport } from "@homebody/protocol";
import type { FeedState } from "./feed.ts";

/** Times are of this device's clock. */
export type Freshness =
  | { readonly kind: "live" }
  /** What is shown is as it was then; null where nothing was ever heard. */
  | { readonly kind: "lost"; readonly asOf: number | null };

/** Silence of so long is no pause between reports; before two have come nobody knows how often they do. */
const silentMs = 5000;
const silentAtFirstMs = 30_000;
/** Reports are rarer where many watch: as many times their usual distance are silence. */
const silentReports = 3;

export function freshnessOf(
  { line, heardAt, reportsEveryMs }: Pick<FeedState, "line" | "heardAt" | "reportsEveryMs">,
  now: number,
): Freshness {
  const patience =
    reportsEveryMs === null ? silentAtFirstMs : Math.max(silentMs, silentReports * reportsEveryMs);
  const isSilent = heardAt !== null && now - heardAt > patience;
  return line === "lost" || isSilent ? { kind: "lost", asOf: heardAt } : { kind: "live" };
}

/** Volunteers that are connected, also those that a report has no room for. */
export function hereNow(presence: PresenceReport | null): number {
  if (presence === null) return 0;
  const { counts, volunteers } = presence;
  return counts === undefined
    ? volunteers.filter(({ connected }) => connected).length
    : Object.values(counts.connected).reduce((sum, here) => sum + here, 0);
}
