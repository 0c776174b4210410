// What the pre-tokeniser sees of a text: kinds of characters, from bytes that may end within one.

/** Kinds that the pre-tokeniser of packages/text tells apart; letters that end a contraction ('s, 're, 'll) are kinds of their own. */
export const kinds = [
  "space",
  "white",
  "letter",
  "number",
  "other",
  "apostrophe",
  "s t m d",
  "r v",
  "l",
  "e",
] as const;
export type Kind = (typeof kinds)[number];

const special: Readonly<Record<string, Kind>> = { " ": "space", "'": "apostrophe", l: "l", e: "e" };

export function kindOf(character: string): Kind {
  const found = special[character];
  if (found !== undefined) return found;
  if (/^[stmd]$/.test(character)) return "s t m d";
  if (/^[rv]$/.test(character)) return "r v";
  if (/^\p{L}$/u.test(character)) return "letter";
  if (/^\p{N}$/u.test(character)) return "number";
  return /^\s$/u.test(character) ? "white" : "other";
}

export interface Characters {
  /** Kinds of the whole characters, as indices of `kinds`. */
  readonly kinds: Uint8Array;
  /** Bytes of a character that is not whole yet: it may become one. */
  readonly begun: Uint8Array;
  /** Kinds that it may have: all that it has, and maybe more. */
  readonly mayBe: readonly number[];
}

/** Undefined where the bytes are not the beginning of any UTF-8. */
export function charactersIn(bytes: Uint8Array): Characters | undefined {
  const found: number[] = [];
  let at = 0;
  while (at < bytes.length) {
    const length = lengthOf(bytes[at]!);
    if (length === 0) return undefined;
    const character = bytes.subarray(at, at + length);
    for (let i = 1; i < character.length; i++) if (!mayContinue(character, i)) return undefined;
    if (character.length < length)
      return { kinds: Uint8Array.from(found), begun: character.slice(), mayBe: kindsFrom(character) };
    found.push(kindIndex(character));
    at += length;
  }
  return { kinds: Uint8Array.from(found), begun: none, mayBe: [] };
}

const none = new Uint8Array(0);

const indexOf = (kind: Kind) => kinds.indexOf(kind);
const notWhite = (["letter", "number", "other"] as const).map(indexOf);
/** Few characters are white space: whether any begins so tells much of what need not be looked for. */
const whiteCharacters = Array.from({ length: 0x10000 - 0x80 }, (_, i) => String.fromCharCode(0x80 + i))
  .filter((character) => /\s/.test(character))
  .map((character) => new TextEncoder().encode(character));

function kindsFrom(begun: Uint8Array): readonly number[] {
  const isWhite = whiteCharacters.some((white) => begun.every((byte, i) => byte === white[i]));
  return isWhite ? [...notWhite, indexOf("white")] : notWhite;
}

/** Bytes of a character, by its first one; 0: none begins so. */
function lengthOf(first: number): number {
  if (first < 0x80) return 1;
  if (first < 0xc2) return 0;
  if (first < 0xe0) return 2;
  if (first < 0xf0) return 3;
  return first < 0xf5 ? 4 : 0;
}

/** The Unicode standard's table 3-7: no overlong forms, no surrogates, nothing above U+10FFFF. */
function mayContinue(character: Uint8Array, i: number): boolean {
  const byte = character[i]!;
  if (byte < 0x80 || byte > 0xbf) return false;
  if (i > 1) return true;
  const first = character[0]!;
  if (first === 0xe0) return byte >= 0xa0;
  if (first === 0xed) return byte < 0xa0;
  if (first === 0xf0) return byte >= 0x90;
  return first !== 0xf4 || byte < 0x90;
}

const utf8 = new TextDecoder("utf-8", { ignoreBOM: true });
const known = new Map<number, number>();

function kindIndex(character: Uint8Array): number {
  const key = character.reduce((sum, byte) => sum * 256 + byte, 0);
  const index = known.get(key) ?? indexOf(kindOf(utf8.decode(character)));
  known.set(key, index);
  return index;
}
