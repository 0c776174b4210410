// Which temporaries share a place in memory: those whose lives do not overlap.
//
// A temporary lives from the first command that names it to the last. The largest is placed first, each in the smallest
// place that is free all its life, else in a new one of its size (greedy by size: Pisarchyk and Lee 2020). So a place
// never grows, and small things that live long do not sit in large places.

import { elementBytes, type Operand, type Storage } from "./plan.ts";

export interface Places {
  /** Bytes of each place. */
  readonly bytes: readonly number[];
  readonly placeOf: ReadonlyMap<Storage, number>;
}

/** What of a plan says what has to be in memory, and when. */
export interface Commands {
  readonly commands: readonly { readonly operands: Readonly<Record<string, Operand | undefined>> }[];
}

interface Life {
  readonly storage: Storage;
  readonly first: number;
  last: number;
}

export function assignPlaces({ commands }: Commands): Places {
  const lives = livesOf(commands).sort(
    (a, b) => bytesOf(b.storage) - bytesOf(a.storage) || a.first - b.first,
  );
  const placed: { readonly bytes: number; readonly lives: Life[] }[] = [];
  const placeOf = new Map<Storage, number>();
  for (const life of lives) {
    // Sizes fall, so the last place that is free is the smallest.
    let at = placed.findLastIndex((place) => place.lives.every((other) => !overlap(life, other)));
    if (at < 0) at = placed.push({ bytes: bytesOf(life.storage), lives: [] }) - 1;
    placed[at]!.lives.push(life);
    placeOf.set(life.storage, at);
  }
  return { bytes: placed.map(({ bytes }) => bytes), placeOf };
}

/** What a plan's temporaries take. */
export function temporaryBytes(plan: Commands): number {
  return assignPlaces(plan).bytes.reduce((sum, bytes) => sum + bytes, 0);
}

export function bytesOf({ size, type }: Storage): number {
  return 4 * Math.ceil((size * elementBytes[type]) / 4);
}

function livesOf(commands: Commands["commands"]): Life[] {
  const lives = new Map<Storage, Life>();
  commands.forEach(({ operands }, at) => {
    for (const operand of Object.values(operands)) {
      if (operand === undefined || operand.storage.kept) continue;
      const { storage } = operand;
      const known = lives.get(storage);
      if (known === undefined) lives.set(storage, { storage, first: at, last: at });
      else known.last = at;
    }
  });
  return [...lives.values()];
}

const overlap = (a: Life, b: Life) => a.first <= b.last && b.first <= a.last;
