// Downloads by fetch. One that broke off goes on at the byte where it did [V73].
//
// Asked for by the range alone: what a path names by its hash never changes, whoever asks holds the whole to it, and another
// site's page may send that header unasked.

import { joinedBytes } from "@homebody/base";
import { type Net, NetError } from "./ports.ts";

/** What came of a file so far. */
interface Begun {
  readonly url: string;
  readonly pieces: Uint8Array[];
  done: number;
}

/** Of one coordinator. What broke off last is kept, and nothing else. */
export function downloadsFrom(base: string): Net["download"] {
  let brokenOff: Begun | undefined;
  return async (path, sizeBytes, progress, signal) => {
    const { href: url } = new URL(path, base);
    const file: Begun = brokenOff?.url === url ? brokenOff : { url, pieces: [], done: 0 };
    brokenOff = undefined;
    for (;;) {
      const before = file.done;
      try {
        await goOn(file, sizeBytes, progress, signal);
        return joinedBytes(file.pieces);
      } catch (cause) {
        if (cause instanceof NetError) throw cause;
        if (file.done > before && !signal.aborted) continue;
        if (file.done > 0) brokenOff = file;
        if (signal.aborted) throw cause;
        throw new NetError(`${url}: the coordinator was not reached`, { cause });
      }
    }
  };
}

/** Throws a NetError where what came cannot be gone on with. */
async function goOn(
  file: Begun,
  ...[sizeBytes, progress, signal]: [number | null, (bytes: number) => void, AbortSignal]
): Promise<void> {
  const { url, pieces } = file;
  const headers: HeadersInit = file.done > 0 ? { range: `bytes=${file.done}-` } : {};
  const response = await fetch(url, { headers, signal });
  if (!response.ok || response.body === null)
    throw new NetError(`${url}: expected the file, got status ${response.status}`);
  const range = response.headers.get("content-range"); // another site's page may not read it
  if (response.status !== 206) {
    pieces.length = 0; // the whole, from a server or a cache that knows no ranges
    file.done = 0;
  } else if (range !== null && !range.startsWith(`bytes ${file.done}-`))
    throw new NetError(`${url}: expected the file from byte ${file.done} on, got ${range}`);
  for (const reader = response.body.getReader(); ; ) {
    const { done, value } = await reader.read();
    if (done) return;
    pieces.push(value);
    file.done += value.length;
    if (sizeBytes !== null && file.done > sizeBytes)
      throw new NetError(`${url}: expected ${sizeBytes} bytes, got more`);
    progress(file.done);
  }
}
