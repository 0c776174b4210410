// A table in Markdown, its columns lined up: for a terminal and for a document alike.

export function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const widths = head.map((name, i) =>
    Math.max(3, ...[name, ...rows.map((row) => row[i] ?? "")].map(widthOf)),
  );
  const line = (cells: readonly string[]) =>
    `| ${widths.map((width, i) => pad(cells[i] ?? "", width, i > 0)).join(" | ")} |`;
  const rule = `|${widths.map((width, i) => `${"-".repeat(width + 1)}${i > 0 ? ":" : "-"}`).join("|")}|`;
  return [line(head), rule, ...rows.map(line)].join("\n");
}

const widthOf = (text: string) => [...text].length;

function pad(text: string, width: number, right: boolean): string {
  const space = " ".repeat(width - widthOf(text));
  return right ? `${space}${text}` : `${text}${space}`;
}
