// How fast each group of parameters learns in a step, and which stand still.

import { InputError } from "@homebody/base";
import type { Arrangement, Group } from "@homebody/model";
import { groups } from "@homebody/model/parameters";

/**
 * Learning rates of a step: one for all groups, or one a group. Null: the group stands still. Neither its numbers nor its
 * moments move, its gradient is not made, and it does not count in the norm that is clipped.
 */
export type Rates = number | GroupRates;
export type GroupRates = Readonly<Record<Group, number | null>>;

/** The groups that a step moves, in the order of the arrangement: at least one, and none that has no parameters. */
export type Moving = readonly Group[];

/** Throws an InputError where a rate is not a number from 0 on. */
export function ratesOf(rates: Rates): GroupRates {
  const each = typeof rates === "number" ? { theta: rates, phi: rates, psi: rates } : rates;
  for (const group of groups) {
    const rate = each[group];
    if (rate !== null && !(Number.isFinite(rate) && rate >= 0))
      throw new InputError(`learning rate of ${group}`, "a number from 0 on, or null", `${rate}`);
  }
  return each;
}

/** All that the model has. */
export function allOf(arrangement: Arrangement): Moving {
  return groups.filter((group) => arrangement.ranges.some((range) => range.group === group));
}

/** Throws an InputError where nothing would move. */
export function movingOf(rates: GroupRates, arrangement: Arrangement): Moving {
  const moving = allOf(arrangement).filter((group) => rates[group] !== null);
  if (moving.length === 0)
    throw new InputError("learning rates", "one at least of a group that the model has", "null for all");
  return moving;
}

export interface Span {
  readonly offset: number;
  readonly size: number;
}

/** Where groups stand in the flat array, in as few pieces as it takes. */
export function spansOf({ ranges }: Arrangement, some: Moving): readonly Span[] {
  const spans: { offset: number; size: number }[] = [];
  for (const { group, offset, size } of ranges) {
    if (!some.includes(group)) continue;
    const last = spans.at(-1);
    if (last !== undefined && last.offset + last.size === offset) last.size += size;
    else spans.push({ offset, size });
  }
  return spans;
}
