// The run in a line: its state, the round and its countdown, who is here. The same on both pages.

import { plural } from "../format/numbers.ts";
import { countdown } from "../format/times.ts";
import { useNow } from "../state/now.ts";
import { Announce, Badge } from "../ui/pieces.tsx";
import type { FeedState } from "./feed.ts";
import { stateSentence } from "./run-sentences.ts";

export function RunLine({ run }: { run: FeedState }) {
  const now = useNow();
  const { figures, presence, line, problem, clockAheadMs } = run;
  if (figures === null)
    return (
      <p className="text-muted" role="status">
        {problem === null
          ? "Reading the run."
          : `The coordinator cannot be reached (${problem}). Trying again.`}
      </p>
    );
  const said = stateSentence(figures);
  const here = presence?.volunteers.filter((each) => each.connected).length ?? 0;
  const counts = figures.deadline !== null && !figures.paused && !figures.finished;
  return (
    <div>
      <Announce>{said.sentence}</Announce>
      <div className="flex flex-wrap items-center gap-x-4 gap-y-2">
        <Badge tone={said.tone} testId="run-state">
          {said.short}
        </Badge>
        <span>
          Round{" "}
          <data value={figures.round} data-testid="figure-round">
            {figures.round}
          </data>{" "}
          of {figures.rounds}
        </span>
        {counts && (
          <span>
            closes in at most{" "}
            <time className="font-semibold" data-testid="countdown">
              {countdown(figures.deadline - now - clockAheadMs)}
            </time>
          </span>
        )}
        <span data-testid="volunteers-now" data-value={here}>
          {plural(here, "volunteer")} now
        </span>
        {line === "lost" && <Badge tone="warn">connection lost, trying again</Badge>}
      </div>
      <p className="mt-2 text-sm text-muted">{said.sentence}</p>
    </div>
  );
}
