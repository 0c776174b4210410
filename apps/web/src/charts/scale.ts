// Where an axis has its ticks, and where labels stand so that they do not cover each other. Pure.

/** Round numbers between two ends: 1, 2 or 5 times a power of ten apart, about as many as asked. */
export function niceTicks(low: number, high: number, about: number): number[] {
  if (!(high > low)) return [low];
  const rough = (high - low) / Math.max(1, about);
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = power * ([1, 2, 5, 10].find((times) => times * power >= rough) ?? 10);
  const ticks: number[] = [];
  for (let i = Math.ceil(low / step - 1e-9); i * step <= high + step * 1e-9; i++)
    ticks.push(Number((i * step).toPrecision(12)));
  return ticks;
}

/** Ticks of whole numbers only: rounds, steps. */
export function wholeTicks(low: number, high: number, about: number): number[] {
  return niceTicks(low, high, Math.min(about, Math.max(1, high - low))).filter(Number.isInteger);
}

/**
 * Ticks of a logarithmic axis, whose ends are above 0: even steps within a power of ten; else 1, 2 and 5 of each power, or powers
 * alone where there are many.
 */
export function logTicks(low: number, high: number, about: number): number[] {
  if (high / low < 10) return niceTicks(low, high, about);
  const powers = Math.log10(high / low);
  const times = powers * 3 <= about * 1.5 ? [1, 2, 5] : [1];
  const apart = Math.max(1, Math.ceil(powers / Math.max(1, about)));
  const ticks: number[] = [];
  for (let power = Math.floor(Math.log10(low) / apart) * apart; power <= Math.log10(high); power += apart)
    for (const each of times) ticks.push(Number((each * 10 ** power).toPrecision(12)));
  return ticks.filter((tick) => tick >= low && tick <= high);
}

/** A tick's number, as short as it is round. */
export function tickLabel(value: number): string {
  if (value === 0) return "0";
  const size = Math.abs(value);
  return size >= 1e6 || size < 1e-4 ? value.toExponential().replace("e+", "e") : numbers.format(value);
}

const numbers = new Intl.NumberFormat("en", { maximumSignificantDigits: 6 });

/**
 * The range of the axis along which points stand, in order: one x alone stands in the middle of it. `halfPoint`: air for points
 * that share an x, in units of it.
 */
export function alongRange(x: readonly number[], halfPoint: number): [number, number] {
  const [low, high] = [x[0] ?? 0, x.at(-1) ?? 0];
  const air = low === high ? Math.max(0.5, halfPoint) : Math.max((high - low) * 0.015, halfPoint);
  return [low - air, high + air];
}

export interface RangeOptions {
  readonly logarithmic?: boolean;
  /** Shown in any case. */
  readonly shows?: readonly number[];
  /** Values cannot be beyond these, so the axis is not. */
  readonly bounds?: readonly [number, number];
}

/** The range of an axis: the data and a little air; on a logarithmic axis the air is a factor. Without data any. */
export function paddedRange(
  lowest: number | null,
  highest: number | null,
  { logarithmic = false, shows = [], bounds = [-Infinity, Infinity] }: RangeOptions,
): [number, number] {
  if (lowest === null || highest === null) return logarithmic ? [1, 10] : [0, 1];
  const [low, high] = [Math.min(lowest, ...shows), Math.max(highest, ...shows)];
  if (logarithmic) {
    const air = Math.max(1.05, (high / low) ** 0.06);
    return [low / air, high * air];
  }
  const air = low === 0 && high === 0 ? 1 : Math.max((high - low) * 0.06, Math.abs(high) * 0.01);
  const padded = [low >= 0 ? Math.max(0, low - air) : low - air, high + air] as const;
  return [Math.max(padded[0], bounds[0]), Math.min(padded[1], bounds[1])];
}

/** Room for the names at the ends of lines; none on a narrow chart where they do not fit. Lengths are px. */
export function labelRoom(widest: number, width: number): number {
  const most = Math.floor(width * 0.3);
  const wanted = Math.ceil(widest) + 16;
  return wanted <= most ? wanted : width < 480 ? 0 : most;
}

/** Moves labels apart (each `gap` high, within 0..height), keeping their order and staying near where they belong. */
export function spreadLabels(wanted: readonly number[], gap: number, height: number): number[] {
  const order = wanted.map((_, i) => i).sort((a, b) => wanted[a]! - wanted[b]!);
  const at = order.map((i) => Math.min(height - gap / 2, Math.max(gap / 2, wanted[i]!)));
  for (let i = 1; i < at.length; i++) at[i] = Math.max(at[i]!, at[i - 1]! + gap);
  const over = (at.at(-1) ?? 0) - (height - gap / 2);
  if (over > 0) {
    at[at.length - 1] = at.at(-1)! - over;
    for (let i = at.length - 2; i >= 0; i--) at[i] = Math.min(at[i]!, at[i + 1]! - gap);
  }
  const placed: number[] = [];
  order.forEach((index, i) => {
    placed[index] = at[i]!;
  });
  return placed;
}

/** Exponential smoothing, begun without a pull to the first value. */
export function smooth(values: readonly number[], keep: number): number[] {
  let [sum, weight] = [0, 0];
  return values.map((value) => {
    sum = keep * sum + (1 - keep) * value;
    weight = keep * weight + (1 - keep);
    return sum / weight;
  });
}

/** At most so many indices of a long list, evenly, with its last. */
export function thinned(length: number, most: number): number[] {
  if (length <= most) return Array.from({ length }, (_, i) => i);
  const step = length / most;
  const picked = Array.from({ length: most }, (_, i) => Math.floor(i * step));
  picked[most - 1] = length - 1;
  return picked;
}
