// The watcher's page: is it alive, is it learning, who is in, what just happened.

import { compact, fixed, plural } from "../format/numbers.ts";
import { duration } from "../format/times.ts";
import { PageHeading } from "../router.tsx";
import type { FeedState } from "../run/feed.ts";
import { RunLine } from "../run/RunLine.tsx";
import { overall } from "../run/run-sentences.ts";
import { travellingWords } from "../run/travels.ts";
import { useNow } from "../state/now.ts";
import { Figure } from "../ui/pieces.tsx";
import { Bodies } from "./Bodies.tsx";
import { Deltas } from "./Deltas.tsx";
import { EventLog } from "./EventLog.tsx";
import { Learning, signed } from "./Learning.tsx";
import { People } from "./People.tsx";
import { Traffic } from "./Traffic.tsx";

export function DashboardPage({ run, earlier }: { run: FeedState; earlier: () => void }) {
  const { figures, manifest, presence, entries } = run;
  return (
    <>
      <header>
        <PageHeading>{figures?.name ?? manifest?.name ?? "Dashboard"}</PageHeading>
        {figures && <p className="mt-1 text-muted">Hosted by {figures.host}</p>}
        <div className="mt-4">
          <RunLine run={run} />
        </div>
        <Line run={run} />
      </header>
      {figures && (
        <>
          <div className="grid items-start gap-6 xl:grid-cols-[2fr_1fr]">
            <Learning figures={figures} />
            <Traffic figures={figures} />
          </div>
          <People run={run} figures={figures} />
          <Deltas figures={figures} refusals={presence?.refusals ?? {}} />
          <div className="grid items-start gap-6 xl:grid-cols-[2fr_1fr]">
            <EventLog entries={entries} sources={figures.sources} earlier={earlier} />
            <Bodies figures={figures} />
          </div>
        </>
      )}
    </>
  );
}

/** Over which sources the mean is. */
const ofSources = ({ sources, scored }: { readonly sources: number; readonly scored: number }) =>
  sources === scored ? plural(sources, "source") : `${sources} of ${scored} sources`;

/** The run's figures in a row. */
function Line({ run }: { run: FeedState }) {
  const now = useNow();
  const { figures, clockAheadMs } = run;
  if (figures === null) return null;
  const score = overall(figures, now + clockAheadMs);
  const age = duration(now + clockAheadMs - figures.createdAt);
  return (
    <dl className="mt-6 grid grid-cols-2 gap-x-4 gap-y-6 rounded-xl border border-line bg-card p-4 sm:p-6 md:grid-cols-4">
      <Figure
        label={`Bits per byte, mean of ${score ? ofSources(score) : "sources"}`}
        value={score?.bitsPerByte ?? ""}
        testId="figure-bits-per-byte"
        note={score ? `${signed(score.change, 2)} in the last hour; lower is better` : "not measured yet"}
      >
        {score ? fixed(score.bitsPerByte, 2) : "–"}
      </Figure>
      <Figure
        label="Rounds published"
        value={figures.published}
        testId="figure-published"
        note={`of ${figures.rounds}, in ${age}`}
      >
        {figures.published}
      </Figure>
      <Figure
        label="Tokens trained"
        value={figures.tokens}
        testId="figure-tokens"
        note={`in ${plural(figures.steps, "local step")}`}
      >
        {compact(figures.tokens)}
      </Figure>
      <Figure
        label="Body"
        value={figures.travelling}
        testId="figure-parameters"
        note={travellingWords(figures.manifest)}
      >
        {compact(figures.travelling)}
      </Figure>
    </dl>
  );
}
