// How a chart is drawn: what uPlot is told of it.

import type uPlot from "uplot";
import type { ChartLine, ChartPoints } from "./points.ts";
import {
  alongRange,
  labelRoom,
  logTicks,
  niceTicks,
  paddedRange,
  type RangeOptions,
  spreadLabels,
  tickLabel,
  wholeTicks,
} from "./scale.ts";

export interface PlotInputs extends ChartPoints, RangeOptions {
  readonly xTitle: string;
  readonly yTitle: string;
  readonly height: number;
}

const gap = 16;
const font = "13px system-ui, sans-serif";
/** A line of so few points shows each of them. */
const fewPoints = 30;

export function dataOf({ x, lines }: ChartPoints): uPlot.AlignedData {
  return [x as number[], ...lines.map((line) => line.values as (number | null)[])];
}

/** `hover` is told the x under the pointer; null where it left. */
export function plotOptions(
  inputs: () => PlotInputs,
  width: number,
  hover: (x: number | null) => void,
): uPlot.Options {
  const { lines, logarithmic = false, xTitle, yTitle, height } = inputs();
  const css = getComputedStyle(document.documentElement);
  const colour = (name: string) => css.getPropertyValue(name).trim();
  const [muted, line, card] = ["--muted", "--line", "--card"].map(colour) as [string, string, string];
  const axis = { stroke: muted, font, labelFont: font, labelGap: 0, labelSize: 20 } as const;
  const grid = { stroke: line, width: 1 } as const;
  const room = roomForLabels(lines, height);
  const yTicks = logarithmic ? logTicks : niceTicks;
  return {
    width,
    height,
    padding: [12, (u) => room(u.width) || 12, 0, 0],
    legend: { show: false },
    cursor: {
      y: false,
      drag: { x: false, y: false, setScale: false },
      points: { size: 8, width: 2, fill: card },
    },
    scales: {
      x: {
        time: false,
        // Of the data: of a single x, and of several points at one, uPlot asks with a range of its own, 0 to 100.
        range: (u) => alongRange(u.data[0] as number[], lines.some(({ dots }) => dots) ? 0.5 : 0),
      },
      y: {
        distr: logarithmic ? 3 : 1,
        log: 2,
        range: (_, low, high) => paddedRange(low, high, inputs()),
      },
    },
    axes: [
      {
        ...axis,
        label: xTitle,
        size: 30,
        grid: { show: false },
        ticks: { ...grid, size: 4 },
        splits: (u, _, low, high) => wholeTicks(low, high, u.width / 70),
        values: (_, splits) => splits.map(tickLabel),
      },
      {
        ...axis,
        label: yTitle,
        size: 48,
        grid,
        ticks: { show: false },
        splits: (_, __, low, high) => yTicks(low, high, height / 56),
        filter: (_, splits) => splits,
        values: (_, splits) => splits.map(tickLabel),
      },
    ],
    series: [{}, ...lines.map((each) => seriesOf(each, colour, card))],
    hooks: {
      setCursor: [({ cursor, data }) => hover((cursor.left ?? -1) < 0 ? null : at(data, cursor.idx))],
      draw: [(u) => room(u.width) > 0 && drawLabels(u, inputs().lines, colour)],
    },
  };
}

function at([x]: uPlot.AlignedData, index: number | null | undefined): number | null {
  return index == null ? null : (x[index] ?? null);
}

function seriesOf(line: ChartLine, colour: (name: string) => string, card: string): uPlot.Series {
  const own = colour(line.colour);
  return {
    label: line.label,
    stroke: line.faint ? faded(own) : own,
    width: line.dots ? 0 : line.faint ? 1 : 2,
    dash: [...(line.dash ?? [])],
    spanGaps: true,
    points: line.dots
      ? { show: true, size: 7, stroke: card, fill: own, width: 1 }
      : { size: 6, fill: own, show: line.faint ? false : hasFewPoints },
  };
}

/** Of this line, and not of the chart: one value among many x would be no line at all. */
function hasFewPoints(u: uPlot, series: number): boolean {
  let found = 0;
  for (const value of u.data[series]!) if (value != null) found += 1;
  return found <= fewPoints;
}

function faded(colour: string): string {
  return /^#[0-9a-f]{6}$/i.test(colour) ? `${colour}59` : colour;
}

const isLabelled = ({ faint, dots, label }: ChartLine) => !faint && !dots && label !== "";

/** By the chart's width: room right of the plot for the names of lines; 0 where there are none. */
function roomForLabels(lines: readonly ChartLine[], height: number): (width: number) => number {
  const labelled = lines.filter(isLabelled);
  const context = document.createElement("canvas").getContext("2d");
  if (context === null || labelled.length < 2 || labelled.length * gap > height - 60) return () => 0;
  context.font = font;
  const widest = Math.max(...labelled.map(({ label }) => context.measureText(label).width));
  return (width) => labelRoom(widest, width);
}

function drawLabels(u: uPlot, lines: readonly ChartLine[], colour: (name: string) => string): void {
  const { ctx } = u;
  const ratio = devicePixelRatio;
  const ends = lines.filter(isLabelled).flatMap((line) => {
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
