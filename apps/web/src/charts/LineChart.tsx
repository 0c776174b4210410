// Lines over a number, drawn by uPlot: axis titles with units, a label at the end of each line instead of a
// legend, exact values under the pointer or the arrow keys, and the same numbers as a table for whoever cannot
// see a picture. Colours come from CSS variables, so the chart follows light and dark.

import { type KeyboardEvent, useEffect, useId, useMemo, useRef, useState } from "react";
import uPlot from "uplot";
import { NumbersTable } from "./NumbersTable.tsx";
import { dataOf, type PlotInputs, plotOptions } from "./plot.ts";
import { type ChartLine, columns, drawable, hasPoints, walked } from "./points.ts";
import { Readout } from "./Readout.tsx";

export interface LineChartProps extends Omit<PlotInputs, "height"> {
  readonly title: string;
  readonly height?: number;
  readonly formatY?: (value: number) => string;
  /** What stands there while no point is known. */
  readonly empty: string;
  readonly testId: string;
}

export type { ChartLine };

const steps: Readonly<Record<string, number>> = {
  ArrowLeft: -1,
  ArrowRight: 1,
  Home: -Infinity,
  End: Infinity,
};

export function LineChart(props: LineChartProps) {
  const { title, xTitle, empty, height = 280, formatY = String, testId } = props;
  const [label, hint] = [useId(), useId()];
  const points = useMemo(() => drawable({ x: props.x, lines: props.lines }), [props.x, props.lines]);
  /** The x that is looked at, and whether by the keys: then its values are spoken. */
  const [looked, setLooked] = useState<{ readonly x: number; readonly walks: boolean } | null>(null);
  const hover = (x: number | null) => setLooked(x === null ? null : { x, walks: false });
  const { place, cursorTo } = usePlot({ ...props, ...points, height }, hover);

  const walk = (event: KeyboardEvent) => {
    const by = event.key === "Escape" ? 0 : steps[event.key];
    if (by === undefined) return;
    event.preventDefault();
    const x = by === 0 ? null : walked(looked?.x ?? null, by, columns(points));
    cursorTo(x);
    setLooked(x === null ? null : { x, walks: true });
  };
  return (
    <figure className="min-w-0" data-testid={testId}>
      <figcaption id={label} className="sr-only">
        {title}
      </figcaption>
      {hasPoints(points) ? (
        <>
          {/* biome-ignore lint/a11y/useSemanticElements: a picture to walk through by arrow keys has no element of its own */}
          <div
            role="group"
            aria-labelledby={label}
            aria-describedby={hint}
            // biome-ignore lint/a11y/noNoninteractiveTabindex: the arrow keys move through the values
            tabIndex={0}
            onKeyDown={walk}
            onBlur={() => cursorTo(null)}
          >
            <span id={hint} hidden>
              Arrow keys move through the values.
            </span>
            <div ref={place} aria-hidden="true" style={{ height }} className="overflow-hidden" />
          </div>
          <Readout {...{ points, xTitle, formatY }} at={looked?.x ?? null} spoken={looked?.walks ?? false} />
          <NumbersTable {...{ title, points, xTitle, formatY }} />
        </>
      ) : (
        <p
          className="flex items-center justify-center rounded-lg bg-sunk p-6 text-center text-muted"
          style={{ minHeight: height / 2 }}
        >
          {empty}
        </p>
      )}
    </figure>
  );
}

/** The plot in its place: made anew when it looks otherwise, and given its data when that changes. */
function usePlot(inputs: PlotInputs, hover: (x: number | null) => void) {
  const place = useRef<HTMLDivElement>(null);
  const plot = useRef<uPlot | null>(null);
  const latest = useRef({ inputs, hover });
  latest.current = { inputs, hover };
  const { x, lines, height } = inputs;
  const dark = useDark();
  const some = hasPoints(inputs);
  const shape = JSON.stringify([
    lines.map(({ label, colour, dash, faint, dots }) => [label, colour, dash, faint, dots]),
    inputs.logarithmic,
    inputs.xTitle,
    inputs.yTitle,
    height,
    dark,
    some,
  ]);

  // biome-ignore lint/correctness/useExhaustiveDependencies: `shape` stands for all that a plot is made of.
  useEffect(() => {
    const element = place.current;
    if (element === null || !some) return;
    const width = () => Math.max(200, element.clientWidth);
    const made = new uPlot(
      plotOptions(
        () => latest.current.inputs,
        width(),
        (at) => latest.current.hover(at),
      ),
      dataOf(latest.current.inputs),
      element,
    );
    plot.current = made;
    const observer = new ResizeObserver(() => made.setSize({ width: width(), height }));
    observer.observe(element);
    return () => {
      observer.disconnect();
      made.destroy();
      plot.current = null;
    };
  }, [shape]);

  useEffect(() => plot.current?.setData(dataOf({ x, lines })), [x, lines]);

  const cursorTo = (at: number | null) => {
    const u = plot.current;
    u?.setCursor(at === null ? { left: -10, top: -10 } : { left: u.valToPos(at, "x"), top: 10 });
  };
  return { place, cursorTo };
}

function useDark(): boolean {
  const [dark, setDark] = useState(() => matchMedia("(prefers-color-scheme: dark)").matches);
  useEffect(() => {
    const query = matchMedia("(prefers-color-scheme: dark)");
    const listen = () => setDark(query.matches);
    query.addEventListener("change", listen);
    return () => query.removeEventListener("change", listen);
  }, []);
  return dark;
}
