// The exact values of a chart: at the x that is looked at, and the latest of each line while nobody looks.

import { count } from "../format/numbers.ts";
import { type ChartLine, type ChartPoints, latestReadings, type Reading, readingsAt } from "./points.ts";

export interface ReadoutProps {
  readonly points: ChartPoints;
  readonly xTitle: string;
  readonly formatY: (value: number) => string;
  /** The x that is looked at. */
  readonly at: number | null;
  /** It was asked for by the keyboard. */
  readonly spoken: boolean;
}

export function Readout({ points, xTitle, formatY, at, spoken }: ReadoutProps) {
  const readings = at === null ? latestReadings(points) : readingsAt(points, at);
  const x = at ?? Math.max(...readings.map((reading) => reading.at ?? -Infinity));
  return (
    <div
      className="mt-2 flex flex-wrap gap-x-4 gap-y-1 text-sm"
      aria-live={spoken ? "polite" : "off"}
      data-testid="readout"
    >
      <span className="text-muted">
        {xTitle} {count(x)}
        {at === null ? " (latest)" : ""}
      </span>
      {readings.map((reading) => (
        <span key={reading.line.label} className="inline-flex flex-wrap items-center gap-x-1">
          <Swatch line={reading.line} />
          {reading.line.label} <Values {...reading} {...{ formatY }} />
          {reading.at !== null && reading.at !== x && (
            <span className="text-muted">(at {count(reading.at)})</span>
          )}
        </span>
      ))}
    </div>
  );
}

const listed = 3;

function Values({ values, formatY }: Pick<Reading, "values"> & Pick<ReadoutProps, "formatY">) {
  if (values.length === 0) return <span className="text-muted">no value</span>;
  return <span className="figure font-medium">{valuesText(values, formatY)}</span>;
}

/** A few are listed; of many there are the least and the most. */
export function valuesText(values: readonly number[], formatY: (value: number) => string): string {
  if (values.length <= listed) return values.map(formatY).join(", ");
  return `${formatY(Math.min(...values))} to ${formatY(Math.max(...values))} (${count(values.length)})`;
}

function Swatch({ line: { colour, dash, dots } }: { line: ChartLine }) {
  return (
    <svg width="16" height="8" viewBox="0 0 16 8" aria-hidden="true" focusable="false">
      {dots ? (
        <circle cx="8" cy="4" r="4" fill={`var(${colour})`} />
      ) : (
        <line
          x1="0"
          y1="4"
          x2="16"
          y2="4"
          stroke={`var(${colour})`}
          strokeWidth="3"
          strokeDasharray={dash?.map((part) => part / 2).join(" ")}
        />
      )}
    </svg>
  );
}
