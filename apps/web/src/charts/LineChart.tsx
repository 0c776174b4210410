// Lines over a number, drawn by uPlot: axis titles with units, a label at the end of each line instead of a
// legend, exact values under the pointer or the arrow keys, and the same numbers as a table for whoever cannot
// see a picture. Colours come from CSS variables, so the chart follows light and dark.

import { useEffect, useId, useRef, useState } from "react";
import uPlot from "uplot";
import { niceTicks, paddedRange, spreadLabels, wholeTicks } from "./scale.ts";

export interface ChartLine {
  readonly label: string;
  /** A CSS variable. */
  readonly colour: string;
  readonly dash?: readonly number[];
  /** One for each x; null where there is none. */
  readonly values: readonly (number | null)[];
  /** Drawn thin and pale, without a label: the raw values behind a smoothed line. */
  readonly faint?: boolean;
  /** Points instead of a line. */
  readonly dots?: boolean;
}

export interface LineChartProps {
  readonly title: string;
  readonly xTitle: string;
  readonly yTitle: string;
  readonly x: readonly number[];
  readonly lines: readonly ChartLine[];
  readonly logarithmic?: boolean;
  readonly height?: number;
  readonly formatY?: (value: number) => string;
  /** What stands there while no point is known. */
  readonly empty: string;
  readonly testId: string;
}

const gap = 16;
const font = "13px system-ui, sans-serif";

export function LineChart(props: LineChartProps) {
  const { title, x, lines, empty, height = 280, testId } = props;
  const describedBy = useId();
  const place = useRef<HTMLDivElement>(null);
  const plot = useRef<uPlot | null>(null);
  const latest = useRef(props);
  latest.current = props;
  const [hovered, setHovered] = useState<number | null>(null);
  const dark = useDark();
  const some = lines.some((line) => line.values.some((value) => value !== null));
  const shape = JSON.stringify([
    lines.map(({ label, colour, dash, faint, dots }) => [label, colour, dash, faint, dots]),
    props.logarithmic,
    props.xTitle,
    props.yTitle,
    height,
    dark,
    some,
  ]);

  // biome-ignore lint/correctness/useExhaustiveDependencies: `shape` stands for all that a plot is made of.
  useEffect(() => {
    const element = place.current;
    if (element === null || !some) return;
    const width = () => Math.max(200, element.clientWidth);
    const made = new uPlot(options(latest, width(), setHovered), dataOf(latest.current), element);
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

  const move = (by: number) => {
    const next = Math.min(x.length - 1, Math.max(0, (hovered ?? (by > 0 ? -1 : x.length)) + by));
    setHovered(next);
    const u = plot.current;
    if (u) u.setCursor({ left: u.valToPos(x[next]!, "x"), top: 10 });
  };
  return (
    <figure className="min-w-0" data-testid={testId}>
      <figcaption id={describedBy} className="sr-only">
        {title}
      </figcaption>
      {some ? (
        <>
          {/* biome-ignore lint/a11y/useSemanticElements: a picture to walk through by arrow keys has no element of its own */}
          <div
            role="group"
            aria-labelledby={describedBy}
            // biome-ignore lint/a11y/noNoninteractiveTabindex: the arrow keys move through the values
            tabIndex={0}
            onKeyDown={(event) => {
              const by = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
              if (by === undefined) return;
              event.preventDefault();
              move(by);
            }}
          >
            <div ref={place} aria-hidden="true" style={{ height }} className="overflow-hidden" />
          </div>
          <Readout {...props} at={hovered} />
          <Numbers {...props} />
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

/** Exact values at the pointer; the last ones while nobody points. */
function Readout({ x, lines, xTitle, formatY = String, at }: LineChartProps & { at: number | null }) {
  const index = Math.min(at ?? x.length - 1, x.length - 1);
  const shown = lines
    .filter((line) => !line.faint && !line.dots)
    .map((line) => ({ line, value: line.values[index] ?? null }));
  if (index < 0 || shown.length === 0) return null;
  return (
    <div className="mt-2 flex flex-wrap gap-x-4 gap-y-1 text-sm">
      <span className="text-muted">
        {xTitle} {x[index]}
        {at === null ? " (latest)" : ""}
      </span>
      {shown.map(({ line, value }) => (
        <span key={line.label} className="inline-flex items-center gap-1">
          <Swatch line={line} />
          {line.label}{" "}
          <span className="figure font-medium">{value === null ? "none yet" : formatY(value)}</span>
        </span>
      ))}
    </div>
  );
}

function Swatch({ line }: { line: ChartLine }) {
  return (
    <svg width="16" height="8" viewBox="0 0 16 8" aria-hidden="true" focusable="false">
      <line
        x1="0"
        y1="4"
        x2="16"
        y2="4"
        stroke={`var(${line.colour})`}
        strokeWidth="3"
        strokeDasharray={line.dash?.map((part) => part / 2).join(" ")}
      />
    </svg>
  );
}

const tableRows = 200;

function Numbers({ title, x, lines, xTitle, formatY = String }: LineChartProps) {
  const [open, setOpen] = useState(false);
  const shown = lines.filter((line) => !line.faint);
  const rows = x.map((value, i) => [value, i] as const).slice(-tableRows);
  return (
    <details className="mt-1 text-sm" onToggle={(event) => setOpen(event.currentTarget.open)}>
      <summary className="min-h-11 w-fit text-muted">
        The numbers as a table{x.length > tableRows ? `, the last ${tableRows}` : ""}
      </summary>
      {open && (
        // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reachable by keyboard
        <section className="max-h-72 overflow-auto" tabIndex={0} aria-label={title}>
          <table className="w-full border-collapse text-right">
            <thead>
              <tr>
                <th scope="col" className="p-1 text-left">
                  {xTitle}
                </th>
                {shown.map((line) => (
                  <th scope="col" key={line.label} className="p-1">
                    {line.label}
                  </th>
                ))}
              </tr>
            </thead>
            <tbody>
              {rows.map(([value, i]) => (
                <tr key={i} className="border-t border-line">
                  <th scope="row" className="p-1 text-left font-normal">
                    {value}
                  </th>
                  {shown.map((line) => {
                    const y = line.values[i] ?? null;
                    return (
                      <td key={line.label} className="p-1">
                        {y === null ? "" : formatY(y)}
                      </td>
                    );
                  })}
                </tr>
              ))}
            </tbody>
          </table>
        </section>
      )}
    </details>
  );
}

function dataOf({ x, lines }: Pick<LineChartProps, "x" | "lines">): uPlot.AlignedData {
  return [x as number[], ...lines.map((line) => line.values as (number | null)[])];
}

function options(
  latest: { readonly current: LineChartProps },
  width: number,
  setHovered: (index: number | null) => void,
): uPlot.Options {
  const { lines, logarithmic = false, xTitle, yTitle, height = 280, formatY = String } = latest.current;
  const css = getComputedStyle(document.documentElement);
  const colour = (name: string) => css.getPropertyValue(name).trim();
  const [muted, line, card] = ["--muted", "--line", "--card"].map(colour) as [string, string, string];
  const labelled = lines.filter((each) => !each.faint && !each.dots && each.label !== "");
  const labels = labelled.length > 1 && labelled.length * gap <= height - 60;
  const room = labels ? labelRoom(labelled, width) : 12;
  const axis = { stroke: muted, font, labelFont: font, labelGap: 0 } as const;
  const grid = { stroke: line, width: 1 } as const;
  const yTicks = (_: uPlot, __: number, low: number, high: number) => niceTicks(low, high, height / 56);
  return {
    width,
    height,
    padding: [12, room, 0, 0],
    legend: { show: false },
    cursor: {
      y: false,
      drag: { x: false, y: false, setScale: false },
      points: { size: 8, width: 2, fill: card },
    },
    scales: {
      x: {
        time: false,
        range: (_, low, high) => {
          // Points may share an x. Without air beyond the last x uPlot shows only the first point that has it.
          const air = lines.some(({ dots }) => dots) ? 0.5 : low === high ? 1 : 0;
          return [low - air, high + air];
        },
      },
      y: {
        distr: logarithmic ? 3 : 1,
        log: 2,
        range: (_, low, high) => paddedRange(low ?? Infinity, high ?? -Infinity, logarithmic),
      },
    },
    axes: [
      {
        ...axis,
        label: xTitle,
        labelSize: 20,
        size: 30,
        grid: { show: false },
        ticks: { ...grid, size: 4 },
        splits: (_, __, low, high) => wholeTicks(low, high, width / 70),
        values: (_, splits) => splits.map(String),
      },
      {
        ...axis,
        label: yTitle,
        labelSize: 20,
        size: 48,
        grid,
        ticks: { show: false },
        splits: yTicks,
        filter: (_, splits) => splits,
        values: (_, splits) => splits.map((value) => shortest(value, formatY)),
      },
    ],
    series: [
      {},
      ...lines.map(
        (each): uPlot.Series => ({
          label: each.label,
          stroke: each.faint ? faded(colour(each.colour)) : colour(each.colour),
          width: each.dots ? 0 : each.faint ? 1 : 2,
          dash: [...(each.dash ?? [])],
          spanGaps: true,
          points: each.dots
            ? { show: true, size: 7, stroke: card, fill: colour(each.colour), width: 1 }
            : { size: 6, fill: colour(each.colour), show: each.faint ? false : few },
        }),
      ),
    ],
    hooks: {
      setCursor: [
        (u) => setHovered(u.cursor.left != null && u.cursor.left >= 0 ? (u.cursor.idx ?? null) : null),
      ],
      draw: labels ? [(u) => drawLabels(u, latest.current.lines, colour)] : [],
    },
  };
}

/** Points are drawn while there are so few of them that they help. */
function few(u: uPlot): boolean {
  return (u.data[0]?.length ?? 0) <= 30;
}

/** Axis numbers without a tail of zeros that says nothing. */
function shortest(value: number, format: (value: number) => string): string {
  const text = format(value);
  return /^-?\d+\.\d+$/.test(text) ? String(Number(value.toPrecision(6))) : text;
}

function faded(colour: string): string {
  return /^#[0-9a-f]{6}$/i.test(colour) ? `${colour}59` : colour;
}

function labelRoom(lines: readonly ChartLine[], width: number): number {
  const context = document.createElement("canvas").getContext("2d");
  if (context === null) return 90;
  context.font = font;
  const widest = Math.max(...lines.map((line) => context.measureText(line.label).width));
  return Math.min(Math.ceil(widest) + 16, Math.max(72, width * 0.24));
}

function drawLabels(u: uPlot, lines: readonly ChartLine[], colour: (name: string) => string): void {
  const { ctx } = u;
  const ratio = devicePixelRatio;
  const ends = lines.flatMap((line) => {
    if (line.faint || line.dots || line.label === "") return [];
    const value = line.values.findLast((each) => each !== null);
    return value === undefined || value === null ? [] : [{ line, y: u.valToPos(value, "y") }];
  });
  const placed = spreadLabels(
    ends.map(({ y }) => y),
    gap,
    u.bbox.height / ratio,
  );
  const left = (u.bbox.left + u.bbox.width) / ratio + 8;
  const room = u.width - left - 2;
  ctx.save();
  ctx.scale(ratio, ratio);
  ctx.font = font;
  ctx.textBaseline = "middle";
  ctx.textAlign = "left";
  ends.forEach(({ line }, i) => {
    ctx.fillStyle = colour(line.colour);
    ctx.fillText(cut(ctx, line.label, room), left, placed[i]! + u.bbox.top / ratio);
  });
  ctx.restore();
}

function cut(ctx: CanvasRenderingContext2D, text: string, room: number): string {
  if (ctx.measureText(text).width <= room) return text;
  const letters = [...text];
  while (letters.length > 1 && ctx.measureText(`${letters.join("")}…`).width > room) letters.pop();
  return `${letters.join("")}…`;
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
