// What a chart shows, apart from how it is drawn: lines over numbers, and what each says at one of them. Pure.

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

export interface ChartPoints {
  /** Ascending. Points of a chart of dots may share an x. */
  readonly x: readonly number[];
  readonly lines: readonly ChartLine[];
}

/** What a line says at one x, or last. */
export interface Reading {
  readonly line: ChartLine;
  /** None, one, or of dots several. */
  readonly values: readonly number[];
  /** The x of the values. */
  readonly at: number | null;
}

/** A number that is not finite is no point: it would make an axis without end. */
export function drawable({ x, lines }: ChartPoints): ChartPoints {
  const finite = (value: number | null) => (value !== null && Number.isFinite(value) ? value : null);
  return { x, lines: lines.map((line) => ({ ...line, values: line.values.map(finite) })) };
}

export function hasPoints({ lines }: ChartPoints): boolean {
  return lines.some(({ values }) => values.some((value) => value !== null));
}

/** Each x once, where some line has a value. */
export function columns({ x, lines }: ChartPoints): readonly number[] {
  return [...new Set(x.filter((_, i) => lines.some(({ values }) => (values[i] ?? null) !== null)))];
}

/** What each line has at this x; lines that are faint say nothing. */
export function readingsAt({ x, lines }: ChartPoints, at: number): readonly Reading[] {
  const places = placesOf(x, at);
  return lines
    .filter(({ faint }) => !faint)
    .map((line) => {
      const values = places.map((i) => line.values[i] ?? null).filter((value) => value !== null);
      return { line, values, at: values.length > 0 ? at : null };
    });
}

/** What each line had last, wherever that was. */
export function latestReadings(points: ChartPoints): readonly Reading[] {
  return points.lines.flatMap((line) => {
    const last = line.values.findLastIndex((value) => value !== null);
    const at = last < 0 ? undefined : points.x[last];
    return at === undefined ? [] : readingsAt({ x: points.x, lines: [line] }, at);
  });
}

function placesOf(x: readonly number[], at: number): number[] {
  const places: number[] = [];
  for (let i = x.indexOf(at); i >= 0 && x[i] === at; i++) places.push(i);
  return places;
}

/** The x that so many steps lead to, from one of them or from beyond the end that they leave. */
export function walked(from: number | null, by: number, over: readonly number[]): number | null {
  const place = from === null ? -1 : over.indexOf(from);
  const start = place >= 0 ? place : by > 0 ? -1 : over.length;
  return over[Math.min(over.length - 1, Math.max(0, start + by))] ?? null;
}
