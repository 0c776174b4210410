// What mixtures need beside single models, and what they cost, as tables in Markdown.

import { table } from "../table.ts";
import type { Cost, Found } from "./measure.ts";

export function foundTable(rows: readonly Found[], share: number): string {
  const models = Object.keys(rows[0]?.alone ?? {});
  const others = Object.keys(rows[0]?.others ?? {});
  const head = [
    "text",
    "bytes",
    ...models,
    "best of them",
    "uniform",
    "likelihood",
    `share ${share}`,
    ...others,
  ];
  return table(
    head,
    rows.map(({ text, bytes, alone, best, mixtures, others: rest }) => {
      const { uniform, likelihood, switching } = mixtures;
      const found = [
        ...models.map((model) => alone[model]!),
        ...[best.bitsPerByte, uniform, likelihood, switching],
        ...others.map((model) => rest[model]!),
      ];
      return [text, String(bytes), ...found.map((bits) => bits.toFixed(3))];
    }),
  );
}

export function costTable(costs: readonly Cost[]): string {
  return table(
    ["model", "bytes", "tokens", "prefixes a token", "bytes a second"],
    costs.map(({ model, bytes, tokens, prefixes, seconds }) => [
      model,
      String(bytes),
      String(tokens),
      (prefixes / tokens).toFixed(2),
      (bytes / seconds).toPrecision(3),
    ]),
  );
}
