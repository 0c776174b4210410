// The list of measures in docs/journal.md, held to the code.

import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { markdownTable, withPart } from "../../../test/markdown.ts";
import { measures } from "../src/index.ts";

const path = new URL("../../../docs/journal.md", import.meta.url).pathname;

test("[J3] docs/journal.md has every measure with its level, unit and meaning", async () => {
  const rows = Object.entries(measures).map(([name, { of, unit, meaning }]) => [
    `\`${name}\``,
    of,
    unit,
    meaning,
  ]);
  const table = markdownTable(["measure", "of the", "unit", "meaning"], rows);
  await expect(withPart(readFileSync(path, "utf8"), "measures", table)).toMatchFileSnapshot(path);
});
