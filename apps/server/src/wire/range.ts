// The Range header of HTTP (RFC 9110, section 14): one range of bytes; anything else is answered with the whole.

export interface ByteRange {
  readonly start: number;
  /** Exclusive. */
  readonly end: number;
}

export function parseRange(
  header: string | undefined,
  sizeBytes: number,
): ByteRange | undefined | "unsatisfiable" {
  const match = /^bytes=(\d*)-(\d*)$/.exec(header?.trim() ?? "");
  if (match === null || (match[1] === "" && match[2] === "")) return undefined;
  const [, first, last] = match as unknown as [string, string, string];
  if (first === "") {
    const suffix = Math.min(Number(last), sizeBytes);
    return suffix === 0 ? "unsatisfiable" : { start: sizeBytes - suffix, end: sizeBytes };
  }
  const start = Number(first);
  const end = last === "" ? sizeBytes : Math.min(Number(last) + 1, sizeBytes);
  if (last !== "" && Number(last) < start) return undefined; // not a valid range: ignored
  return start >= sizeBytes ? "unsatisfiable" : { start, end };
}
