// What a command is doing, on stderr: on a terminal one line that changes; in a file a line for each new thing.

export interface ProgressLine {
  /** Whether it is a terminal: then details may change as often as they like. */
  readonly live: boolean;
  show(text: string): void;
  end(): void;
}

export function progressLine(): ProgressLine {
  const live = process.stderr.isTTY === true;
  let shown = "";
  return {
    live,
    show: (text) => {
      if (text === shown) return;
      shown = text;
      if (live) process.stderr.write(`\r\x1b[2K${text.slice(0, process.stderr.columns || 80)}`);
      else process.stderr.write(`${new Date().toISOString()} ${text}\n`);
    },
    end: () => {
      if (live) process.stderr.write("\n");
    },
  };
}
