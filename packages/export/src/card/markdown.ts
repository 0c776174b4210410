// Markdown with words in it that somebody else wrote: a run file's names are text, and stay text.

/** On one line, with nothing that Markdown or HTML would take as more than text. */
export const plain = (text: string): string =>
  text
    .replace(/\s+/g, " ")
    .trim()
    .replace(/[\\`*_[\]<>|#]/g, (mark) => `\\${mark}`);

/** Several lines, as somebody's words. */
export const quoted = (text: string): string =>
  text
    .trim()
    .split(/\r?\n/)
    .map((line) => `> ${plain(line)}`)
    .join("\n");

/** Cells are Markdown. */
export function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]) => `| ${cells.join(" | ")} |`;
  return [line(head), line(head.map(() => "---")), ...rows.map(line)].join("\n");
}

export const list = (items: readonly string[]): string => items.map((item) => `- ${item}`).join("\n");

/** 1,234,567. */
export const counted = (value: number): string => value.toLocaleString("en");

/** Parts with an empty line between them; those that are undefined are left out. */
export const joined = (...parts: readonly (string | undefined)[]): string =>
  `${parts.filter((part) => part !== undefined).join("\n\n")}\n`;
