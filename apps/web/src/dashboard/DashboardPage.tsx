// The watcher's page: is it alive, is it learning, who is in, what just happened.

import type { Figures } from "@homebody/coordinator";
import { compact, fixed, plural } from "../format/numbers.ts";
import { duration } from "../format/times.ts";
import type { MakeModel } from "../model/making.ts";
import { PageHeading } from "../router.tsx";
import type { FeedState } from "../run/feed.ts";
import { freshnessOf } from "../run/freshness.ts";
import { RunLine } from "../run/RunLine.tsx";
import { firstToLast, overall } from "../run/run-sentences.ts";
import { travellingWords } from "../run/travels.ts";
import { useNow } from "../state/now.ts";
import { Figure } from "../ui/pieces.tsx";
import { Bodies } from "./Bodies.tsx";
import { Deltas } from "./Deltas.tsx";
import { EventLog } from "./EventLog.tsx";
import { Learning, signed } from "./Learning.tsx";
import { Models } from "./Models.tsx";
import { People } from "./People.tsx";
import { Samples } from "./Samples.tsx";
import { Talk } from "./Talk.tsx";
import { Traffic } from "./Traffic.tsx";
import type { Talk as Talking } from "./talk.ts";

export interface DashboardPageProps {
  readonly run: FeedState;
  readonly talk: Talking;
  readonly earlier: () => void;
  /** How a model is made as a file; in a worker, unless a test says otherwise. */
  readonly makeModel?: MakeModel;
}

export function DashboardPage({ run, talk, earlier, makeModel }: DashboardPageProps) {
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
          <Samples figures={figures} samples={run.samples} />
          {manifest && <Talk figures={figures} manifest={manifest} talk={talk} />}
          {!figures.finished && <People run={run} figures={figures} />}
          <Deltas figures={figures} refusals={figures.finished ? null : (presence?.refusals ?? null)} />
          <div className="grid items-start gap-6 xl:grid-cols-[2fr_1fr]">
            <EventLog entries={entries} sources={figures.sources} earlier={earlier} />
            <div className="space-y-6">
              <Models figures={figures} make={makeModel} />
              <Bodies figures={figures} />
            </div>
          </div>
        </>
      )}
    </>
  );
}

/** The run's figures in a row. */
function Line({ run }: { run: FeedState }) {
  const now = useNow();
  const { figures, clockAheadMs } = run;
  if (figures === null) return null;
  const fresh = freshnessOf(run, now);
  const heard = fresh.kind === "lost" ? (fresh.asOf ?? now) : now;
  const until = figures.finished ? (figures.end?.at ?? figures.at) : heard + clockAheadMs;
  return (
    <dl className="mt-6 grid grid-cols-2 gap-x-4 gap-y-6 rounded-xl border border-line bg-card p-4 sm:p-6 md:grid-cols-4">
      <Headline {...headlineOf(figures, until)} />
      <Figure
        label="Rounds published"
        value={figures.published}
        testId="figure-published"
        note={`of ${figures.rounds}, in ${duration(until - figures.createdAt)}`}
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

interface HeadlineProps {
  readonly bitsPerByte: number | null;
  readonly of: string;
  readonly note: string;
}

function Headline({ bitsPerByte, of, note }: HeadlineProps) {
  return (
    <Figure
      label={`Bits per byte, mean of ${of}`}
      value={bitsPerByte ?? ""}
      testId="figure-bits-per-byte"
      note={note}
    >
      {bitsPerByte === null ? "–" : fixed(bitsPerByte, 2)}
    </Figure>
  );
}

/** Of a live run how it changes; of a finished one what came of it. */
function headlineOf(figures: Figures, now: number): HeadlineProps {
  const unmeasured = { bitsPerByte: null, of: "sources" };
  if (figures.finished) {
    const result = firstToLast(figures);
    if (result === null) return { ...unmeasured, note: "never measured" };
    const note = `was ${fixed(result.first, 2)} at first; lower is better`;
    return { bitsPerByte: result.last, of: plural(result.sources, "source"), note };
  }
  const score = overall(figures, now);
  if (score === null) return { ...unmeasured, note: "not measured yet" };
  const { bitsPerByte, change, sources, scored } = score;
  const of = sources === scored ? plural(sources, "source") : `${sources} of ${scored} sources`;
  return { bitsPerByte, of, note: `${signed(change, 2)} in the last hour; lower is better` };
}
