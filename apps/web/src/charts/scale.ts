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

/** The range of an axis: the data and a little air; on a logarithmic axis the air is a factor. */
export function paddedRange(low: number, high: number, logarithmic: boolean): [number, number] {
  if (!Number.isFinite(low) || !Number.isFinite(high)) return logarithmic ? [1, 10] : [0, 1];
  if (logarithmic) {
    const air = Math.max(1.05, (high / low) ** 0.06);
    return [low / air, high * air];
  }
  const air = Math.max((high - low) * 0.06, Math.abs(high) * 0.01, 1e-9);
  return [low >= 0 ? Math.max(0, low - air) : low - air, high + air];
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
