// The conditions of a simulated run: how fast devices and their lines are, how long people stay, what is lost on the way. This
// is the one place that says from which distribution each of it is drawn; what is drawn follows from the seed alone.

import type { Random } from "@homebody/base";

/** Times in milliseconds, sizes in bytes; what is a mean or a median is said. */
export interface Conditions {
  /** A volunteer comes for the first time at a moment that is uniform in this time. */
  readonly arrivalMs: number;
  /** What a device needs before it can say hello; the same for all. */
  readonly startMs: number;
  /** Of a local step, the median of devices. An evaluated batch takes a third of a step. */
  readonly stepMs: number;
  /** Devices' speeds are lognormal: with 0.6 one in six is 1.8 times slower than the median, one in six as much faster. */
  readonly speedSpread: number;
  /** Each step takes the device's time, up to this share more or less (uniform). */
  readonly stepJitter: number;
  /** One way, the median of devices, lognormal by `delaySpread`; each message up to half of it more or less (uniform). */
  readonly delayMs: number;
  readonly delaySpread: number;
  /** Bytes a second, the medians of devices, both lognormal by `bandwidthSpread`. */
  readonly upBytesPerSecond: number;
  readonly downBytesPerSecond: number;
  readonly bandwidthSpread: number;
  /** The share of messages that are late, and by how much on average (exponential); what comes behind them waits. */
  readonly late: number;
  readonly lateMs: number;
  /** The share of requests that arrive twice, and of announcements. */
  readonly doubled: number;
  /** A volunteer stays for this time on average (exponential), then it is away for that (exponential). */
  readonly stayMs: number;
  readonly awayMs: number;
  /** Of those who go: the share that leaves for good and says so, and the share whose device stops dead; others close their page. */
  readonly leaving: number;
  readonly crashing: number;
  /** A connection lasts so long on average (exponential), and is gone for that (exponential). */
  readonly connectedMs: number;
  readonly outageMs: number;
}

const minuteMs = 60_000;

export const defaultConditions: Conditions = {
  arrivalMs: 5000,
  startMs: 2000,
  stepMs: 1000,
  speedSpread: 0.6,
  stepJitter: 0.1,
  delayMs: 50,
  delaySpread: 0.5,
  upBytesPerSecond: 1e6,
  downBytesPerSecond: 5e6,
  bandwidthSpread: 0.8,
  late: 0.01,
  lateMs: 3000,
  doubled: 0.005,
  stayMs: 30 * minuteMs,
  awayMs: 5 * minuteMs,
  leaving: 0.1,
  crashing: 0.3,
  connectedMs: 10 * minuteMs,
  outageMs: 5000,
};

/** All come at once, stay, are equally fast and lose nothing. */
export const quietConditions: Partial<Conditions> = {
  arrivalMs: 0,
  stayMs: 1e12,
  connectedMs: 1e12,
  late: 0,
  doubled: 0,
  speedSpread: 0,
};

/** What stays the same of a volunteer's device and line. */
export interface DeviceConditions {
  readonly stepMs: number;
  readonly delayMs: number;
  readonly upBytesPerSecond: number;
  readonly downBytesPerSecond: number;
}

export function drawDevice(conditions: Conditions, dice: Random): DeviceConditions {
  const { stepMs, speedSpread, delayMs, delaySpread, bandwidthSpread } = conditions;
  return {
    stepMs: lognormal(stepMs, speedSpread, dice),
    delayMs: lognormal(delayMs, delaySpread, dice),
    upBytesPerSecond: lognormal(conditions.upBytesPerSecond, bandwidthSpread, dice),
    downBytesPerSecond: lognormal(conditions.downBytesPerSecond, bandwidthSpread, dice),
  };
}

/** Of one step of this device. */
export function drawStepMs({ stepJitter }: Conditions, { stepMs }: DeviceConditions, dice: Random): number {
  return stepMs * around(stepJitter, dice);
}

/** Of a batch that is evaluated: a part of a step, forward alone, and nothing moves. */
export function drawEvaluateMs(conditions: Conditions, device: DeviceConditions, dice: Random): number {
  return drawStepMs(conditions, device, dice) / 3;
}

/** How long so many bytes are on their way. */
export function drawTravelMs(
  { late, lateMs }: Conditions,
  device: DeviceConditions,
  { direction, bytes }: { readonly direction: "up" | "down"; readonly bytes: number },
  dice: Random,
): number {
  const perSecond = direction === "up" ? device.upBytesPerSecond : device.downBytesPerSecond;
  const extra = happens(late, dice) ? exponential(lateMs, dice) : 0;
  return device.delayMs * around(0.5, dice) + (1000 * bytes) / perSecond + extra;
}

export type Departure = "leaves" | "crashes" | "closes";

export function drawDeparture({ leaving, crashing }: Conditions, dice: Random): Departure {
  const u = dice.uniform();
  if (u < leaving) return "leaves";
  return u < leaving + crashing ? "crashes" : "closes";
}

/**
 * A device that stops dead does so while it is at its disk, if it is at it soon: at each call with this chance, and at the latest
 * after this time (exponential).
 */
export const stopping = { chance: 0.2, ms: 5000 } as const;

export const happens = (share: number, dice: Random): boolean => share > 0 && dice.uniform() < share;

export function exponential(mean: number, dice: Random): number {
  return mean === Number.POSITIVE_INFINITY ? mean : -mean * Math.log(1 - dice.uniform());
}

function lognormal(median: number, spread: number, dice: Random): number {
  return median * Math.exp(spread * dice.normal());
}

const around = (share: number, dice: Random) => 1 + share * (2 * dice.uniform() - 1);
