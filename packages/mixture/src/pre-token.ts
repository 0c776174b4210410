// The pre-tokeniser of packages/text, character by character.
//
// Where a pre-token ends may depend on what follows: of white space the last character goes with the next word, and whether an
// apostrophe begins a contraction the letters behind it say. So after a character there are several **places** where the text
// may be: what kind of pre-token is open, and what has to follow for that to be so. Of a whole text exactly one is left.

import { type Kind, kinds } from "./characters.ts";

/** What is open, and what has to follow (nothing, where that is not said). */
export const places = [
  "nothing", // at the beginning, or behind a contraction
  "letters",
  "numbers",
  "others",
  "quote", // an apostrophe alone; what follows makes no contraction of it
  "quote, r or v", // letters, behind a quote: no e
  "quote, l", // the same: no l
  "space", // no white space, and it goes with that
  "inner", // white space, of which the last character is not this one
  "last", // a line's end or the like behind which the white space ends
  "trailing", // white space up to the text's end
  "contraction", // its letters
  "contraction, r or v", // e
  "contraction, l", // l
] as const;
export type Place = (typeof places)[number];

/** Whether a pre-token begins at a character: it has to, it must not, or either. */
export type Begins = "must" | "must not" | "may";

interface Step {
  readonly to: Place;
  readonly begins: boolean;
}

const isWhite = (kind: Kind) => kind === "space" || kind === "white";
const isOther = (kind: Kind) => kind === "other" || kind === "apostrophe";
const isLetter = (kind: Kind) => !isWhite(kind) && !isOther(kind) && kind !== "number";

/** Where a pre-token that begins with the character may be. */
function beginning(kind: Kind): readonly Step[] {
  const found: readonly Place[] =
    kind === "space"
      ? ["space", "inner", "trailing"]
      : kind === "white"
        ? ["last", "inner", "trailing"]
        : kind === "apostrophe"
          ? ["quote", "contraction"]
          : [runOf(kind)];
  return found.map((to) => ({ to, begins: true }));
}

function runOf(kind: Kind): Place {
  return kind === "number" ? "numbers" : isOther(kind) ? "others" : "letters";
}

const goingOn = (to: Place): readonly Step[] => [{ to, begins: false }];
const nowhere: readonly Step[] = [];

/** Where the text may be after the next character. */
const next: Readonly<Record<Place, (kind: Kind) => readonly Step[]>> = {
  nothing: beginning,
  letters: (kind) => (isLetter(kind) ? goingOn("letters") : beginning(kind)),
  numbers: (kind) => (kind === "number" ? goingOn("numbers") : beginning(kind)),
  others: (kind) => (isOther(kind) ? goingOn("others") : beginning(kind)),
  quote: (kind) => {
    if (isOther(kind)) return goingOn("others");
    if (kind === "s t m d") return nowhere;
    if (kind === "r v") return [{ to: "quote, r or v", begins: true }];
    return kind === "l" ? [{ to: "quote, l", begins: true }] : beginning(kind);
  },
  "quote, r or v": (kind) => (kind === "e" ? nowhere : next.letters(kind)),
  "quote, l": (kind) => (kind === "l" ? nowhere : next.letters(kind)),
  space: (kind) => (isWhite(kind) ? nowhere : goingOn(runOf(kind))),
  inner: (kind) =>
    isWhite(kind)
      ? [
          { to: "inner", begins: false },
          { to: kind === "space" ? "space" : "last", begins: true },
        ]
      : nowhere,
  last: (kind) => (isWhite(kind) ? nowhere : beginning(kind)),
  trailing: (kind) => (isWhite(kind) ? goingOn("trailing") : nowhere),
  contraction: (kind) => {
    if (kind === "s t m d") return goingOn("nothing");
    if (kind === "r v") return goingOn("contraction, r or v");
    return kind === "l" ? goingOn("contraction, l") : nowhere;
  },
  "contraction, r or v": (kind) => (kind === "e" ? goingOn("nothing") : nowhere),
  "contraction, l": (kind) => (kind === "l" ? goingOn("nothing") : nowhere),
};

const bitOf = (place: Place) => 1 << places.indexOf(place);
const maskOf = (some: readonly Place[]) => some.reduce((mask, place) => mask | bitOf(place), 0);

/** A set of places as bits: before any character. */
export const beforeText = bitOf("nothing");

/** Where a text may end. */
const ends = maskOf([
  "nothing",
  "letters",
  "numbers",
  "others",
  "quote",
  "quote, r or v",
  "quote, l",
  "trailing",
]);

export const mayEnd = (set: number): boolean => (set & ends) !== 0;

const steps = places.map((place) => kinds.map((kind) => next[place](kind)));
const tables = Object.fromEntries(
  (["must", "must not", "may"] as const).map((begins) => [begins, tableOf(begins)]),
) as Readonly<Record<Begins, readonly Int32Array[]>>;

/** By place and kind: the set of places after it. */
function tableOf(begins: Begins): readonly Int32Array[] {
  return steps.map((row) =>
    Int32Array.from(row, (found) =>
      maskOf(
        found.filter((step) => begins === "may" || step.begins === (begins === "must")).map(({ to }) => to),
      ),
    ),
  );
}

/** The places after one more character, of the kind with this index; 0: there are none. */
export function placesAfter(set: number, kind: number, begins: Begins): number {
  const table = tables[begins];
  let after = 0;
  for (let left = set; left !== 0; left &= left - 1) after |= table[31 - Math.clz32(left & -left)]![kind]!;
  return after;
}
