// A table in Markdown, its columns lined up: for a terminal and for a document alike. Columns of numbers are to the right.

export function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const columns = head.map((name, i) => {
    const cells = rows.map((row) => row[i] ?? "");
    const width = Math.max(3, ...[name, ...cells].map(widthOf));
    return { width, right: cells.every((cell) => /^([-\d].*)?$/.test(cell)) };
  });
  const line = (cells: readonly string[]) =>
    `| ${columns.map(({ width, right }, i) => pad(cells[i] ?? "", width, right)).join(" | ")} |`;
  const rule = `|${columns.map(({ width, right }) => `${"-".repeat(width + 1)}${right ? ":" : "-"}`).join("|")}|`;
  return [line(head), rule, ...rows.map(line)].join("\n");
}

const widthOf = (text: string) => [...text].length;

function pad(text: string, width: number, right: boolean): string {
  const space = " ".repeat(width - widthOf(text));
  return right ? `${space}${text}` : `${text}${space}`;
}
