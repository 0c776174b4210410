// A command that works for a while and has a result: a line of progress on stderr, the result on stdout, Ctrl-C ends it.

import { type Interrupt, interrupt } from "./interrupt.ts";
import { type ProgressLine, progressLine } from "./progress-line.ts";

/** The exit code: 130 where it was interrupted. What else goes wrong is thrown, after the line has ended. */
export async function reported(
  work: (line: ProgressLine, stop: Interrupt) => Promise<string>,
): Promise<number> {
  const stop = interrupt();
  const line = progressLine();
  try {
    const result = await work(line, stop);
    line.end();
    process.stdout.write(result);
    return 0;
  } catch (error) {
    line.end();
    if (stop.signal.aborted) return 130;
    throw error;
  } finally {
    stop.release();
  }
}

/** With the words that it was asked by. */
export const resultJson = (result: object, args: readonly string[]): string =>
  `${JSON.stringify({ ...result, args }, null, 2)}\n`;
