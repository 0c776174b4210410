// Somebody's bytes as text, in whatever encoding they were saved: UTF-8 and UTF-16 say so themselves, all others are
// told apart by how often letters follow each other (chardet, which is loaded where it is needed).

export interface Decoded {
  readonly text: string;
  /** As people call it: UTF-8, UTF-16, Windows-1252, Shift-JIS, ... */
  readonly encoding: string;
}

/** Undefined where the bytes are no text, or nobody can tell in which encoding. */
export async function decodeAny(bytes: Uint8Array): Promise<Decoded | undefined> {
  const utf16 = utf16Of(bytes);
  if (utf16 !== undefined) return decodeAs(utf16, bytes);
  return decodeAs("utf-8", bytes) ?? (await detected(bytes));
}

/** Of chardet's confidences, up to 100; below it, it has been wrong about short texts. */
const leastConfidence = 20;
const sampleBytes = 65_536;

async function detected(bytes: Uint8Array): Promise<Decoded | undefined> {
  const { analyse } = await import("chardet");
  const first = bytes.findIndex((byte) => byte >= 0x80);
  const from = Math.max(0, first - 1000); // before it each byte is a character
  for (const { name, confidence } of analyse(bytes.subarray(from, from + sampleBytes))) {
    if (confidence < leastConfidence) return undefined;
    const decoded = decodeAs(name, bytes);
    if (decoded !== undefined) return decoded;
  }
  return undefined;
}

/** By its byte-order mark, or because every other byte is mostly zero, as with Latin letters. */
function utf16Of(bytes: Uint8Array): "utf-16le" | "utf-16be" | undefined {
  if (bytes[0] === 0xff && bytes[1] === 0xfe) return "utf-16le";
  if (bytes[0] === 0xfe && bytes[1] === 0xff) return "utf-16be";
  const zeros = [0, 0];
  const looked = Math.min(bytes.length, sampleBytes);
  for (let i = 0; i < looked; i++) if (bytes[i] === 0) zeros[i % 2]! += 1;
  const [even, odd] = zeros as [number, number];
  if (odd > looked / 4 && even === 0) return "utf-16le";
  return even > looked / 4 && odd === 0 ? "utf-16be" : undefined;
}

/** Undefined where the bytes are not of this encoding, or no text in it. */
function decodeAs(label: string, bytes: Uint8Array): Decoded | undefined {
  try {
    const decoder = new TextDecoder(label, { fatal: true });
    const decoded = decoder.decode(bytes);
    const text = decoder.encoding === "windows-1252" ? withWindowsCharacters(decoded) : decoded;
    return isNoText(text) ? undefined : { text, encoding: nameOf(decoder.encoding) };
  } catch {
    return undefined;
  }
}

/** Whether more than one in a thousand is a control character that text files do not have: no tab, no end of a line, page or file. */
function isNoText(text: string): boolean {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
  const strange = text.match(/[\0-\x08\x0e-\x19\x1c-\x1f]/g)?.length ?? 0;
  return strange * 1000 > text.length;
}

/** What windows-1252 has at 80 to 9f. Some versions of Node read the control characters of ISO-8859-1 there. */
const windowsCharacters = "€\x81‚ƒ„…†‡ˆ‰Š‹Œ\x8dŽ\x8f\x90‘’“”•–—˜™š›œ\x9džŸ";

function withWindowsCharacters(text: string): string {
  return text.replace(/[\x80-\x9f]/g, (character) => windowsCharacters[character.charCodeAt(0) - 0x80]!);
}

function nameOf(encoding: string): string {
  if (encoding.startsWith("utf-16")) return "UTF-16";
  if (encoding === "shift_jis") return "Shift-JIS";
  return encoding.startsWith("windows") ? `W${encoding.slice(1)}` : encoding.toUpperCase();
}
