// The health of what comes in: how far each delta moves the body (norm), and whether it points where the others
// point (cosine to what the others make of the mean).

import { type DeltaFigure, type Figures, recentDeltas } from "@homebody/coordinator";
import { type PresenceReport, type Refusal, refusalSentences } from "@homebody/protocol";
import { useMemo } from "react";
import { type ChartLine, LineChart } from "../charts/LineChart.tsx";
import { bytes, count, fixed, percent, scientific } from "../format/numbers.ts";
import { distinctNames, namesOf } from "../run/source-names.ts";
import { Section } from "../ui/pieces.tsx";
import { SourceMark, sourceStyle } from "../ui/SourceMark.tsx";
import { type Compared, comparedTitles, comparedWith } from "./compared.ts";
import { changeWords, shortId } from "./event-sentences.ts";

const listed = 8;
const others = ["Loss (nats/token)", "Steps", "Size"];
const fromZero = [0];
const fromZeroToOne = [0, 1];
const cosineBounds = [-1, 1] as const;
const numberOf = (compared: (delta: DeltaFigure) => Compared) => (delta: DeltaFigure) => {
  const cosine = compared(delta);
  return typeof cosine === "number" ? cosine : null;
};
const quarantinedTitle =
  "It is in and not averaged: volunteers of this source found, one after another, that what this one sends makes the body worse.";
const clippedTitle =
  "Longer than the run lets a delta count beside those of its round: this share of it counts.";

export function Deltas({
  figures,
  refusals,
}: {
  figures: Figures;
  /** Null until the coordinator has said, and in a finished run. */
  refusals: PresenceReport["refusals"] | null;
}) {
  const { deltas, sources, finished, roundList, published } = figures;
  const recent = useMemo(() => deltas.slice(-recentDeltas), [deltas]);
  const norms = useMemo(() => dots(recent, sources, ({ norm }) => norm), [recent, sources]);
  const compared = useMemo(() => comparedWith({ roundList, published }), [roundList, published]);
  const cosines = useMemo(() => dots(recent, sources, numberOf(compared)), [recent, sources, compared]);
  return (
    <Section id="deltas" title="Health of deltas">
      <div className="grid gap-6 md:grid-cols-2">
        <div className="min-w-0">
          <h3 className="mb-2 text-sm text-muted">Norm: how far a delta moves the body</h3>
          <LineChart
            title="Norm of each delta over rounds"
            xTitle="round"
            yTitle="norm"
            {...norms}
            shows={fromZero}
            height={200}
            formatY={scientific}
            empty={finished ? "No delta came." : "The first point comes with the first delta."}
            testId="chart-norms"
          />
        </div>
        <div className="min-w-0">
          <h3 className="mb-2 text-sm text-muted">Cosine to the others: 1 is the same direction</h3>
          <LineChart
            title="Cosine of each delta to what the others make of the mean of its round"
            xTitle="round"
            yTitle="cosine"
            {...cosines}
            shows={fromZeroToOne}
            bounds={cosineBounds}
            height={200}
            formatY={(value) => fixed(value, 3)}
            empty={
              finished
                ? "No round had deltas of several volunteers to compare."
                : "The first points come with the first published round that has deltas of several volunteers."
            }
            testId="chart-cosines"
          />
        </div>
      </div>
      {deltas.length > 0 && (
        <Latest deltas={deltas.slice(-listed).reverse()} figures={figures} compared={compared} />
      )}
      {refusals !== null && <Refusals refusals={refusals} />}
    </Section>
  );
}

/** Points of each source over rounds. Several volunteers in one round stand above each other at the same x. */
function dots(
  deltas: readonly DeltaFigure[],
  sources: Figures["sources"],
  of: (delta: DeltaFigure) => number | null,
): { readonly x: readonly number[]; readonly lines: readonly ChartLine[] } {
  const x = deltas.map(({ round }) => round);
  const names = distinctNames(sources);
  const lines = sources.flatMap((source, index): ChartLine[] => {
    const values = deltas.map((delta) => (delta.source === source.id ? of(delta) : null));
    if (values.every((value) => value === null)) return [];
    return [{ label: names[index]!, colour: sourceStyle(index).colour, dots: true, values }];
  });
  return { x, lines };
}

function Cosine({ compared }: { compared: Compared }) {
  return typeof compared === "number" ? (
    <data value={compared} data-testid="delta-cosine">
      {fixed(compared, 3)}
    </data>
  ) : (
    <span className="text-muted" title={comparedTitles[compared]}>
      {compared}
    </span>
  );
}

/** What a peer measured of it. */
function Reviewed({ review }: Pick<DeltaFigure, "review">) {
  if (review === null) return <span className="text-muted">none</span>;
  const { reviewer, change, harmful } = review;
  return (
    <data
      value={change}
      data-testid="delta-review"
      className={harmful ? "font-medium text-bad" : undefined}
      title={`Measured by ${shortId(reviewer)}, on held-out text: the body with a share of this delta, beside the body without it.`}
    >
      {changeWords(change)}
    </data>
  );
}

function Latest({
  deltas,
  figures,
  compared,
}: {
  deltas: readonly DeltaFigure[];
  figures: Figures;
  compared: (delta: DeltaFigure) => Compared;
}) {
  const nameOf = namesOf(figures.sources);
  const hasReviews = figures.manifest.review !== "off";
  const head = "py-1 pl-3 text-right font-normal";
  const cell = "py-1 pl-3 text-right";
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reachable by keyboard
    <section className="mt-4 overflow-x-auto" tabIndex={0} aria-label="The latest deltas">
      <table className="w-full border-collapse whitespace-nowrap text-sm" data-testid="deltas-table">
        <caption className="sr-only">The latest {listed} deltas, newest first</caption>
        <thead>
          <tr className="text-muted">
            <th scope="col" className="py-1 text-left font-normal">
              Volunteer
            </th>
            {["Round", "Norm", "Cosine", ...(hasReviews ? ["Review"] : []), ...others].map((name) => (
              <th key={name} scope="col" className={head}>
                {name}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {deltas.map((delta) => (
            <tr
              key={`${delta.round}-${delta.volunteer}`}
              className="border-t border-line"
              data-round={delta.round}
              data-volunteer={delta.volunteer}
            >
              <th scope="row" className="py-1 text-left font-medium">
                <span className="inline-flex items-center gap-2">
                  <SourceMark index={figures.sources.findIndex(({ id }) => id === delta.source)} />
                  <code>{shortId(delta.volunteer)}</code> {nameOf(delta.source)}
                  {delta.quarantined && (
                    <span className="text-muted" data-testid="delta-quarantined" title={quarantinedTitle}>
                      in quarantine
                    </span>
                  )}
                </span>
              </th>
              <td className={cell}>{delta.round}</td>
              <td className={cell}>
                <data value={delta.norm} data-testid="delta-norm">
                  {scientific(delta.norm)}
                </data>
                {delta.kept < 1 && (
                  <span className="text-muted" data-testid="delta-clipped" title={clippedTitle}>
                    {" "}
                    clipped to {percent(delta.kept)}
                  </span>
                )}
              </td>
              <td className={cell}>
                <Cosine compared={compared(delta)} />
              </td>
              {hasReviews && (
                <td className={cell}>
                  <Reviewed review={delta.review} />
                </td>
              )}
              <td className={cell}>{fixed(delta.loss, 3)}</td>
              <td className={cell}>{count(delta.steps)}</td>
              <td className={cell}>{bytes(delta.sizeBytes)}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </section>
  );
}

function Refusals({ refusals }: { refusals: PresenceReport["refusals"] }) {
  const counted = Object.entries(refusals) as [Refusal, number][];
  return (
    <div className="mt-4">
      <h3 className="text-sm text-muted">Refused since the coordinator started</h3>
      {counted.length === 0 ? (
        <p>Nothing.</p>
      ) : (
        <ul className="mt-1 space-y-1 text-sm">
          {counted
            .sort((a, b) => b[1] - a[1])
            .map(([refusal, times]) => (
              <li key={refusal}>
                <span className="font-medium">
                  {count(times)} × {refusal}
                </span>{" "}
                <span className="text-muted">{refusalSentences[refusal]}</span>
              </li>
            ))}
        </ul>
      )}
    </div>
  );
}
