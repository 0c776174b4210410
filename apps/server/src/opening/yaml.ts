// YAML with the lines that its values stand on.

import { type Document, isNode, LineCounter, type Node, parseDocument, visit } from "yaml";

export interface Yaml {
  /** Undefined where there are mistakes. */
  readonly value: unknown;
  /** Why it is no YAML that has a value. */
  readonly mistakes: readonly { readonly line: number; readonly got: string }[];
  /** Where the value at a path begins; for one that is missing, where what should hold it begins. */
  lineOf(path: readonly PropertyKey[]): number;
}

export function readYaml(text: string): Yaml {
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines });
  const lineAt = (offset: number) => lines.linePos(offset).line;
  const mistakes = [
    ...document.errors.map(({ message, pos }) => ({
      line: lineAt(pos[0]),
      got: message.split("\n")[0]!.replace(/ at line \d+, column \d+:?$/, ""),
    })),
    ...brokenAliases(document).map(({ offset, got }) => ({ line: lineAt(offset), got })),
  ];
  return {
    value: mistakes.length > 0 ? undefined : document.toJS(),
    mistakes,
    lineOf: (path) => lineAt(offsetOf(document, path)),
  };
}

function brokenAliases(document: Document) {
  const broken: { readonly offset: number; readonly got: string }[] = [];
  visit(document, {
    Alias(_, alias, path) {
      const meant: Node | undefined = alias.resolve(document);
      const offset = alias.range?.[0] ?? 0;
      if (meant === undefined) broken.push({ offset, got: `*${alias.source}, which is not there` });
      else if (path.includes(meant))
        broken.push({ offset, got: `*${alias.source}, which is a part of itself` });
    },
  });
  return broken;
}

function offsetOf(document: Document, path: readonly PropertyKey[]): number {
  for (let depth = path.length; depth > 0; depth--) {
    const node = document.getIn(path.slice(0, depth), true);
    if (isNode(node) && node.range) return node.range[0];
  }
  return 0;
}
