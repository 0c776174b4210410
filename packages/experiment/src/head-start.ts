// What one beginning is ahead of another: from two curves of held-out bits per byte over the same steps.

export interface CurvePoint {
  readonly step: number;
  readonly bitsPerByte: number;
}

export type Curve = readonly CurvePoint[];

/** Of a curve against another, over the same steps. */
export interface HeadStart {
  /** That both made. */
  readonly steps: number;
  readonly last: number;
  readonly otherLast: number;
  /** The step at which the curve was where the other one ended; null where it did not get there. */
  readonly reachedAfter: number | null;
}

/** Throws unless both curves have a point, and end at the same step: that is the caller's fault. */
export function headStart(curve: Curve, other: Curve): HeadStart {
  const [end, otherEnd] = [curve.at(-1), other.at(-1)];
  if (end === undefined || otherEnd === undefined || end.step !== otherEnd.step)
    throw new Error(`head start: expected curves that end at one step, got ${end?.step}, ${otherEnd?.step}`);
  return {
    steps: end.step,
    last: end.bitsPerByte,
    otherLast: otherEnd.bitsPerByte,
    reachedAfter: reachedAfter(curve, otherEnd.bitsPerByte),
  };
}

/** The first step at which a curve is as low as this, straight lines between its points; null where it never is. */
export function reachedAfter(curve: Curve, bitsPerByte: number): number | null {
  const at = curve.findIndex((point) => point.bitsPerByte <= bitsPerByte);
  if (at < 0) return null;
  const [before, reached] = [curve[at - 1], curve[at]!];
  if (before === undefined) return reached.step;
  const share = (before.bitsPerByte - bitsPerByte) / (before.bitsPerByte - reached.bitsPerByte);
  return Math.ceil(before.step + share * (reached.step - before.step));
}
