// The same numbers of all deltas of a group, a slice after another: of a section, from one number to another. Deltas that hold
// different rows are laid over the rows that any of them holds.

import type { Slice } from "@homebody/aggregate";
import { rowMapOf, type Section } from "@homebody/dept";
import type { SectionName } from "@homebody/protocol";
import type { ClosingDelta, DeltaReader } from "./deltas.ts";

export interface GroupSection {
  readonly name: SectionName;
  /** Held by any member, ascending; null: all, and each member holds all of them. */
  readonly rows: Int32Array | null;
  /** Numbers of what is held, its tensors one after another. */
  readonly size: number;
  /** By member: its place in the member's own exchange; undefined where it has no such section. */
  readonly places: readonly (number | undefined)[];
  readonly tensors: readonly GroupTensor[];
}

interface GroupTensor {
  /** Where it begins. */
  readonly at: number;
  readonly rows: number;
  /** Numbers of a row. */
  readonly width: number;
  /** By member: where the tensor begins in its section, and by row of the tensor which of its own rows that is; -1: none. */
  readonly own: readonly { readonly at: number; readonly rows: Int32Array | null }[];
}

/** Of these deltas, in the order in which they first come. */
export function sectionsOfGroup(members: readonly ClosingDelta[]): readonly GroupSection[] {
  const names = [...new Set(members.flatMap(({ exchange }) => exchange.sections.map(({ name }) => name)))];
  return names.map((name) => sectionOfGroup(members, name));
}

function sectionOfGroup(members: readonly ClosingDelta[], name: SectionName): GroupSection {
  const places = members.map(({ exchange }) => {
    const place = exchange.sections.findIndex((section) => section.name === name);
    return place < 0 ? undefined : place;
  });
  const own = members.map(({ exchange }, m) => {
    const place = places[m];
    return place === undefined ? undefined : exchange.sections[place]!;
  });
  const { layout } = own.find((section) => section !== undefined)!;
  if (own.every((section) => section?.rows === null)) {
    const tensor = { at: 0, rows: layout.size, width: 1, own: members.map(() => ({ at: 0, rows: null })) };
    return { name, rows: null, size: layout.size, places, tensors: [tensor] };
  }
  const whole = layout.slots[0]!.shape[0]!;
  const held = own.map((section) => heldIn(section, whole));
  const rows = rowMapOf(whole, eachOf(held)).ids;
  const placesOfRows = held.map((ids) => placesIn(rows, ids));
  let at = 0;
  const tensors = layout.slots.map(({ size }, t) => {
    const width = size / whole;
    const tensor = {
      ...{ at, rows: rows.length, width },
      own: own.map((section, m) => ({ at: section?.held.slots[t]?.offset ?? 0, rows: placesOfRows[m]! })),
    };
    at += rows.length * width;
    return tensor;
  });
  return { name, rows, size: at, places, tensors };
}

/** Slices in order, each of whole rows, of so many that all members' fit in the memory. */
export async function* slicesOf(
  members: readonly ClosingDelta[],
  section: GroupSection,
  { reader, mostKeptBytes }: { readonly reader: DeltaReader; readonly mostKeptBytes: number },
): AsyncGenerator<{ readonly at: number; readonly slice: Slice }> {
  const bytes = section.rows === null ? 4 : 5; // of a number, and of whether it is held
  const most = Math.floor(mostKeptBytes / (bytes * members.length));
  for (const { at, rows, width, own } of section.tensors) {
    const step = Math.max(1, Math.floor(most / width));
    for (let from = 0; from < rows; from += step) {
      const to = Math.min(rows, from + step);
      const values: Float32Array[] = [];
      const held: Uint8Array[] = [];
      for (const [m, member] of members.entries()) {
        const place = section.places[m];
        const numbers = place === undefined ? new Float32Array(0) : (await reader.read(member))[place]!;
        const piece = pieceOf(numbers, own[m]!, { from, to, width });
        values.push(piece.values);
        held.push(piece.held);
      }
      const slice = { values, held: section.rows === null ? null : held };
      yield { at: at + from * width, slice };
    }
  }
}

const none = new Uint8Array(0);

function pieceOf(
  numbers: Float32Array,
  { at, rows }: { readonly at: number; readonly rows: Int32Array | null },
  { from, to, width }: { readonly from: number; readonly to: number; readonly width: number },
) {
  if (rows === null) {
    const [first, last] = [at + from * width, at + to * width];
    const isWhole = first === 0 && last === numbers.length; // a part is copied, so that the rest of them may go
    return { values: isWhole ? numbers : numbers.slice(first, last), held: none };
  }
  const values = new Float32Array((to - from) * width);
  const held = new Uint8Array(values.length);
  for (let row = from; row < to; row++) {
    const own = rows[row]!;
    if (own < 0) continue;
    const into = (row - from) * width;
    values.set(numbers.subarray(at + own * width, at + (own + 1) * width), into);
    held.fill(1, into, into + width);
  }
  return { values, held };
}

/** Its rows of `whole`; none where a member has no such section. */
function heldIn(section: Pick<Section, "rows"> | undefined, whole: number): Int32Array {
  if (section === undefined) return new Int32Array(0);
  return section.rows?.ids ?? Int32Array.from({ length: whole }, (_, row) => row);
}

function* eachOf(all: readonly Int32Array[]): Generator<number> {
  for (const rows of all) yield* rows;
}

/** By row of the union: which of its own that is; -1 where it has none. */
function placesIn(union: Int32Array, own: Int32Array): Int32Array {
  const places = new Int32Array(union.length).fill(-1);
  for (let u = 0, i = 0; u < union.length && i < own.length; u++) if (union[u] === own[i]) places[u] = i++;
  return places;
}
