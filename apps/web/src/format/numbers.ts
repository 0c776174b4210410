// Figures as people read them: each with its unit, and with no more digits than mean something.

import { noun } from "@homebody/base";

const whole = new Intl.NumberFormat("en", { maximumFractionDigits: 0 });

export function count(value: number): string {
  return whole.format(value);
}

/** 950, 12.3 k, 4.56 M, 1.2 B: three digits that count. */
export function compact(value: number): string {
  const steps = ["", " k", " M", " B", " T"];
  return scaled(value, 1000, steps);
}

/** 0 bytes, 950 bytes, 1.2 MB: decimal units, as networks are sold. */
export function bytes(value: number): string {
  if (value === 1) return "1 byte";
  return scaled(value, 1000, [" bytes", " kB", " MB", " GB", " TB"]);
}

function scaled(value: number, base: number, units: readonly string[]): string {
  let [rest, unit] = [value, 0];
  while (Math.abs(rest) >= base * 0.9995 && unit < units.length - 1) {
    rest /= base;
    unit += 1;
  }
  const digits = unit === 0 || Math.abs(rest) >= 100 ? 0 : Math.abs(rest) >= 10 ? 1 : 2;
  return `${fixed(rest, digits)}${units[unit]}`;
}

export function fixed(value: number, digits: number): string {
  return new Intl.NumberFormat("en", {
    minimumFractionDigits: digits,
    maximumFractionDigits: digits,
  }).format(value);
}

/** A share from 0 to 1. */
export function percent(share: number): string {
  return `${whole.format(share * 100)} %`;
}

/** How many times: 9.4, 380, 12,000. */
export function factor(value: number): string {
  return value < 10 ? fixed(value, 1) : count(Number(value.toPrecision(3)));
}

/** 1 volunteer, 2 volunteers. */
export function plural(value: number, one: string, many?: string): string {
  return `${count(value)} ${noun(value, one, many)}`;
}

/** Very small numbers: 3.2e-6. */
export function scientific(value: number): string {
  if (value === 0) return "0";
  return Math.abs(value) >= 0.001 && Math.abs(value) < 10000
    ? String(Number(value.toPrecision(3)))
    : value.toExponential(1);
}
