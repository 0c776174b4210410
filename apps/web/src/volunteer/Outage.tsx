// The coordinator cannot be heard: said within seconds, whatever this device is doing, with what happens next.

import type { View } from "@homebody/volunteer/view";
import { duration } from "../format/times.ts";
import { useNow } from "../state/now.ts";
import { useOnline } from "../state/online.ts";
import { Notice } from "../ui/pieces.tsx";
import { arrivesBy, outageNext, outageSince, outageTitle } from "./outage-sentences.ts";

export function Outage({ view }: { view: View }) {
  const now = useNow();
  const isOnline = useOnline();
  const since = outageSince(view, now);
  if (since === null) return null;
  const by = arrivesBy(view, now);
  return (
    <div className="mb-6">
      <Notice tone="warn" title={outageTitle(!isOnline)} testId="outage">
        <p>{outageNext(view)}</p>
        <p className="figure text-sm text-muted">
          {by !== null && `${by} `}For {duration(now - since)} so far.
        </p>
      </Notice>
    </div>
  );
}
