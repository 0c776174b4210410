// The run in a line: its state, the round and its countdown, who is here; of a finished run when it ended and what came
// of it. The same on all pages. While the coordinator cannot be heard it says so, and of when is what stands there.

import type { Figures } from "@homebody/coordinator";
import { plural } from "../format/numbers.ts";
import { ago, countdown, moment } from "../format/times.ts";
import { useNow } from "../state/now.ts";
import { Announce, Badge } from "../ui/pieces.tsx";
import type { FeedState } from "./feed.ts";
import { freshnessOf, hereNow } from "./freshness.ts";
import { stateSentence } from "./run-sentences.ts";

const lostWords = "The coordinator cannot be reached.";

export function RunLine({ run }: { run: FeedState }) {
  const now = useNow();
  const { figures, problem } = run;
  if (figures === null)
    return (
      <p className="text-muted" role="status">
        {problem === null
          ? "Reading the run."
          : `The coordinator cannot be reached (${problem}). Trying again.`}
      </p>
    );
  const said = stateSentence(figures);
  const fresh = freshnessOf(run, now);
  const lost = fresh.kind === "lost";
  return (
    <div>
      <Announce>{lost ? lostWords : said.sentence}</Announce>
      <div className="flex flex-wrap items-center gap-x-4 gap-y-2">
        {lost && (
          <Badge tone="warn" testId="line-lost">
            not connected
          </Badge>
        )}
        <Badge tone={lost ? "calm" : said.tone} testId="run-state">
          {lost ? `last heard: ${said.short}` : said.short}
        </Badge>
        {figures.finished ? (
          <span>
            {figures.published} of {plural(figures.rounds, "round")}
          </span>
        ) : (
          <Round {...{ run, figures, lost }} />
        )}
      </div>
      <p className="mt-2 text-sm text-muted" data-testid="run-sentence">
        {lost ? (
          <span data-testid="as-of">
            {lostWords} What stands here is as it was
            {fresh.asOf === null ? " when it was read" : ` at ${momentAgo(fresh.asOf, now)}`}; this page tries
            again by itself.
          </span>
        ) : (
          said.sentence
        )}
      </p>
    </div>
  );
}

const momentAgo = (at: number, now: number) => `${moment(at, now)}, ${ago(at, now)}`;

/** What lives: the round, how long it takes at most, and who is here. What is not heard any more is not counted on. */
function Round({ run, figures, lost }: { run: FeedState; figures: Figures; lost: boolean }) {
  const now = useNow();
  const here = hereNow(run.presence);
  return (
    <>
      <span>
        Round{" "}
        <data value={figures.round} data-testid="figure-round">
          {figures.round}
        </data>{" "}
        of {figures.rounds}
      </span>
      {!lost && figures.deadline !== null && !figures.paused && (
        <span>
          closes in at most{" "}
          <time className="font-semibold" data-testid="countdown">
            {countdown(figures.deadline - now - run.clockAheadMs)}
          </time>
        </span>
      )}
      {!lost && run.presence !== null && (
        <span data-testid="volunteers-now" data-value={here}>
          {plural(here, "volunteer")} now
        </span>
      )}
    </>
  );
}
