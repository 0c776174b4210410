// The hours of a day in which a volunteer may compute, by the wall clock of where it is [V25].

import type { Millis } from "@homebody/base";
import type { Cancel, Clock } from "@homebody/clock";

/** Minutes since midnight; where `to` is not after `from`, they go over midnight. */
export interface Hours {
  readonly from: number;
  readonly to: number;
}

export interface HoursAt {
  readonly hours: Hours;
  /** Milliseconds since midnight that the wall clock shows at this moment. */
  readonly timeOfDay: (at: Millis) => number;
}

const minuteMs = 60_000;
const dayMs = 24 * 60 * minuteMs;
const times = /^(\d{1,2})(?::([0-5]\d))?-(\d{1,2})(?::([0-5]\d))?$/;

/** From `22-7` or `22:30-7`; undefined where it is something else, or both times are the same. */
export function hoursFrom(text: string): Hours | undefined {
  const [, fromHour, fromMinute = "0", toHour, toMinute = "0"] = times.exec(text) ?? [];
  const from = 60 * Number(fromHour) + Number(fromMinute);
  const to = 60 * Number(toHour) + Number(toMinute);
  return from < 24 * 60 && to <= 24 * 60 && from !== to ? { from, to } : undefined;
}

export const isWithin = ({ from, to }: Hours, timeOfDayMs: number): boolean => {
  const [begin, end] = [from * minuteMs, to * minuteMs];
  const [begun, over] = [timeOfDayMs >= begin, timeOfDayMs >= end];
  return from < to ? begun && !over : begun || !over;
};

/** `22:30`. */
export const timeWords = (minutes: number): string =>
  `${String(Math.floor(minutes / 60) % 24).padStart(2, "0")}:${String(minutes % 60).padStart(2, "0")}`;

/**
 * Says at once, and at each change, whether it is within the hours. It looks when the wall clock will be there, and every
 * minute, since that clock may be set or change for the summer.
 */
export function followHours(
  { hours, timeOfDay }: HoursAt,
  clock: Clock,
  changed: (within: boolean) => void,
): Cancel {
  let said: boolean | undefined;
  let cancel: Cancel = () => {};
  const look = () => {
    const time = timeOfDay(clock.now());
    const left = [hours.from, hours.to].map((at) => (at * minuteMs - time + dayMs) % dayMs || dayMs);
    cancel = clock.after(Math.min(minuteMs, ...left), look);
    const within = isWithin(hours, time);
    if (within !== said) changed(within);
    said = within;
  };
  look();
  return () => cancel();
}
