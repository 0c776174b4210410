// GPT-2's way to write any byte as one printable character, so that tokens can stand in a JSON file.
//
// The bytes that print in Latin-1 stand for themselves; the other 68 are U+0100 and up, in order. A space is "Ġ".

const printable = (byte: number) =>
  (byte >= 0x21 && byte <= 0x7e) || (byte >= 0xa1 && byte <= 0xac) || byte >= 0xae;

const characters: readonly string[] = (() => {
  let other = 0x100;
  return Array.from({ length: 256 }, (_, byte) => String.fromCharCode(printable(byte) ? byte : other++));
})();

const byteOf: ReadonlyMap<string, number> = new Map(characters.map((character, byte) => [character, byte]));

/** The 256 bytes in the order of their characters: the order of their ids in a vocabulary. */
export const bytesByCharacter: Uint8Array = Uint8Array.from(
  Array.from({ length: 256 }, (_, byte) => byte).sort((a, b) => (characters[a]! < characters[b]! ? -1 : 1)),
);

export function charactersOf(bytes: Uint8Array): string {
  let text = "";
  for (const byte of bytes) text += characters[byte]!;
  return text;
}

/** Undefined if a character stands for no byte. */
export function bytesOfCharacters(text: string): Uint8Array | undefined {
  const bytes = new Uint8Array(text.length);
  for (let i = 0; i < text.length; i++) {
    const byte = byteOf.get(text[i]!);
    if (byte === undefined) return undefined;
    bytes[i] = byte;
  }
  return bytes;
}
