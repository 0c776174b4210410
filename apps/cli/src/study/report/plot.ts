// Plots as SVG, from data alone: for the report, where the page's colours hold, and as files that bring their own.

import { scaleLinear, scaleLog } from "d3-scale";
import { line } from "d3-shape";
import { colours, escaped, plotStyle } from "./look.ts";
import type { DotPlot, LinePlot } from "./report.ts";
import { deviation, mean } from "./statistics.ts";

/** `width` in pixels: text keeps its size, so a narrow plot is laid out anew and not made smaller. */
export function plotOf(plot: DotPlot | LinePlot, width: number, label: string): string {
  return svgOf(drawn(plot, width), width, label);
}

/** The same as a file of its own, which brings its colours and says which line is whose. */
export function standalone(plot: DotPlot | LinePlot, width: number, label: string): string {
  const { body, height } = drawn(plot, width);
  const paper = '<rect width="100%" height="100%" fill="var(--card)"/>';
  const key = plot.kind === "lines" ? keyOf(plot, width, height) : { body: "", height };
  const all = `<style>${colours}${plotStyle}</style>${paper}${body}${key.body}`;
  return `${svgOf({ body: all, height: key.height }, width, label)}\n`;
}

const drawn = (plot: DotPlot | LinePlot, width: number): Drawn =>
  plot.kind === "dots" ? dots(plot, width) : lines(plot, width);

const svgOf = ({ body, height }: Drawn, width: number, label: string): string =>
  `<svg class="plot" xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" ` +
  `height="${height}" role="img" aria-label="${escaped(label)}">${body}</svg>`;

const rowHeight = 28;
const axisHeight = 46;
const narrow = 520;

interface Drawn {
  readonly body: string;
  readonly height: number;
}

/** A row an arm: each seed a faint dot, the mean a full one, a line of one standard deviation to both sides. */
function dots({ rows, axis, digits, isLogarithmic }: DotPlot, width: number): Drawn {
  const isNarrow = width < narrow;
  const left = isNarrow ? 8 : Math.min(300, 16 + 6.8 * Math.max(...rows.map(({ label }) => label.length)));
  const right = width - 76;
  const pitch = isNarrow ? rowHeight + 14 : rowHeight;
  const bottom = 8 + rows.length * pitch;
  const all = rows.flatMap(({ values }) => values);
  const scale = isLogarithmic === true ? scaleLog : scaleLinear;
  const x = scale([Math.min(...all), Math.max(...all)], [left + 10, right - 10]).nice();
  const ticks = isLogarithmic === true ? x.ticks().filter(isRound(isNarrow)) : x.ticks(isNarrow ? 4 : 7);
  const parts = ticks.map(
    (tick) =>
      `<line class="grid" x1="${at(x(tick))}" x2="${at(x(tick))}" y1="8" y2="${bottom}"/>` +
      `<text class="quiet" x="${at(x(tick))}" y="${bottom + 18}" text-anchor="middle">${tick.toLocaleString("en")}</text>`,
  );
  for (const [i, { label, family, values }] of rows.entries()) {
    const top = 8 + i * pitch;
    const y = top + (isNarrow ? 14 : 0) + rowHeight / 2;
    const middle = mean(values);
    const spread = deviation(values) ?? 0;
    parts.push(
      `<g class="${family}">`,
      isNarrow
        ? `<text x="${left}" y="${top + 13}">${escaped(label)}</text>`
        : `<text x="${left - 6}" y="${y + 4}" text-anchor="end">${escaped(label)}</text>`,
      `<line class="grid" x1="${left}" x2="${right}" y1="${y}" y2="${y}"/>`,
      `<line class="spread" x1="${at(x(middle - spread))}" x2="${at(x(middle + spread))}" y1="${y}" y2="${y}"/>`,
      ...values.map((value) => `<circle class="one" cx="${at(x(value))}" cy="${y}" r="3.5"/>`),
      `<circle class="mean" cx="${at(x(middle))}" cy="${y}" r="5"/>`,
      `<text x="${width - 4}" y="${y + 4}" text-anchor="end">${shown(middle, digits)}</text></g>`,
    );
  }
  parts.push(axisTitle(axis, (left + right) / 2, bottom + 38));
  return { body: parts.join(""), height: bottom + axisHeight };
}

function lines({ series, xAxis, yAxis }: LinePlot, width: number): Drawn {
  const height = width < narrow ? 300 : 380;
  const [left, right, top, bottom] = [50, width - 12, 28, height - axisHeight];
  const points = series.flatMap((one) => one.points);
  const range = (pick: (point: { x: number; y: number }) => number): [number, number] => {
    const all = points.map(pick);
    return [Math.min(...all), Math.max(...all)];
  };
  const x = scaleLinear(
    range((point) => point.x),
    [left, right],
  );
  const y = scaleLinear(
    range((point) => point.y),
    [bottom, top],
  ).nice(6);
  const path = line<{ readonly x: number; readonly y: number }>(
    (point) => x(point.x),
    (point) => y(point.y),
  ).digits(1);
  const parts = [
    ...y
      .ticks(6)
      .map(
        (tick) =>
          `<line class="grid" x1="${left}" x2="${right}" y1="${at(y(tick))}" y2="${at(y(tick))}"/>` +
          `<text class="quiet" x="${left - 8}" y="${at(y(tick)) + 4}" text-anchor="end">${tick}</text>`,
      ),
    ...x
      .ticks(width < narrow ? 4 : 8)
      .map(
        (tick) =>
          `<text class="quiet" x="${at(x(tick))}" y="${bottom + 18}" text-anchor="middle">${tick}</text>`,
      ),
    `<line class="axis" x1="${left}" x2="${right}" y1="${bottom}" y2="${bottom}"/>`,
    ...series.map(
      ({ label, colour, dashed, points: own }) =>
        `<path class="curve c${colour}"${dashed === true ? ' stroke-dasharray="5 4"' : ""} d="${path(own)}">` +
        `<title>${escaped(label)}</title></path>`,
    ),
    axisTitle(xAxis, (left + right) / 2, bottom + 38),
    `<text class="quiet" x="4" y="14">${escaped(yAxis)}</text>`,
  ];
  return { body: parts.join(""), height };
}

/** Rows of strokes with their names, from this height down. */
function keyOf({ series }: LinePlot, width: number, top: number): Drawn {
  const parts: string[] = [];
  let [x, y] = [keyLeft, top + 14];
  for (const { label, colour, dashed } of series) {
    const size = 36 + 7.2 * label.length;
    if (x > keyLeft && x + size > width) [x, y] = [keyLeft, y + 22];
    parts.push(
      `<path class="curve c${colour}"${dashed === true ? ' stroke-dasharray="5 4"' : ""} d="M${at(x)},${y}h24"/>`,
      `<text x="${at(x + 30)}" y="${y + 4}">${escaped(label)}</text>`,
    );
    x += size + 14;
  }
  return { body: parts.join(""), height: y + 18 };
}

const keyLeft = 50;

const axisTitle = (text: string, x: number, y: number): string =>
  `<text class="quiet" x="${x}" y="${y}" text-anchor="middle">${escaped(text)}</text>`;

/** On a logarithmic axis: 1, 2 or 5 times a power of ten; where it is narrow 1 alone. */
const isRound =
  (isNarrow: boolean) =>
  (tick: number): boolean =>
    (isNarrow ? [1] : [1, 2, 5]).includes(Number(tick.toExponential()[0]));

const shown = (value: number, digits: number): string =>
  value.toLocaleString("en", { minimumFractionDigits: digits, maximumFractionDigits: digits });

/** To a tenth of a pixel. */
const at = (value: number): number => Math.round(value * 10) / 10;
