// Which temporaries share a place in memory: those whose lives do not overlap.
//
// A temporary lives from the first command that names it to the last. Going through the commands in order, each takes
// the smallest free place that is large enough, else the largest free one, made larger, else a new one (best fit).

import { type Command, elementBytes, type Plan, type Storage } from "./plan.ts";

export interface Places {
  /** Bytes of each place. */
  readonly bytes: readonly number[];
  readonly placeOf: ReadonlyMap<Storage, number>;
}

export function assignPlaces({ commands }: Pick<Plan, "commands">): Places {
  const last = lastUses(commands);
  const bytes: number[] = [];
  const placeOf = new Map<Storage, number>();
  const free = new Set<number>();
  commands.forEach((command, at) => {
    const storages = temporariesOf(command);
    for (const storage of storages) {
      if (placeOf.has(storage)) continue;
      const wanted = bytesOf(storage);
      const place = bestFit(bytes, free, wanted) ?? bytes.push(0) - 1;
      free.delete(place);
      bytes[place] = Math.max(bytes[place]!, wanted);
      placeOf.set(storage, place);
    }
    for (const storage of storages) if (last.get(storage) === at) free.add(placeOf.get(storage)!);
  });
  return { bytes, placeOf };
}

/** What a plan's temporaries take. */
export function temporaryBytes(plan: Pick<Plan, "commands">): number {
  return assignPlaces(plan).bytes.reduce((sum, bytes) => sum + bytes, 0);
}

export function bytesOf({ size, type }: Storage): number {
  return 4 * Math.ceil((size * elementBytes[type]) / 4);
}

function temporariesOf({ operands }: Command): Set<Storage> {
  const storages = Object.values(operands).map(({ storage }) => storage);
  return new Set(storages.filter(({ kept }) => !kept));
}

function lastUses(commands: readonly Command[]): Map<Storage, number> {
  const last = new Map<Storage, number>();
  commands.forEach((command, at) => {
    for (const storage of temporariesOf(command)) last.set(storage, at);
  });
  return last;
}

function bestFit(bytes: readonly number[], free: ReadonlySet<number>, wanted: number): number | undefined {
  let best: number | undefined;
  for (const place of free) {
    if (best === undefined) {
      best = place;
      continue;
    }
    const [now, other] = [bytes[best]!, bytes[place]!];
    if (now < wanted ? other > now : other >= wanted && other < now) best = place;
  }
  return best;
}
