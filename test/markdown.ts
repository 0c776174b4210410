// Tables of documents that tests write, in the form that the formatter leaves.

/** A table under its heads; none of the cells has a bar in it. */
export function markdownTable(heads: readonly string[], rows: readonly (readonly string[])[]): string {
  const widths = heads.map((head, i) => Math.max(3, head.length, ...rows.map((cells) => cells[i]!.length)));
  const line = (cells: readonly string[]) =>
    `| ${cells.map((cell, i) => cell.padEnd(widths[i]!)).join(" | ")} |\n`;
  return [line(heads), line(widths.map((width) => "-".repeat(width))), ...rows.map(line)].join("");
}

/**
 * A document with the part between a comment that begins with the name and `<!-- end of NAME -->` replaced. Throws an Error
 * where it has no such part.
 */
export function withPart(document: string, name: string, part: string): string {
  const found = new RegExp(`(<!-- ${name}: [^\\n]* -->\\n)[^]*(<!-- end of ${name} -->\\n)`);
  if (!found.test(document))
    throw new Error(`expected a part <!-- ${name}: ... --> to <!-- end of ${name} -->`);
  return document.replace(found, (_, begin: string, end: string) => `${begin}\n${part}\n${end}`);
}
