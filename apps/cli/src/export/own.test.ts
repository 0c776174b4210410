import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { hf } from "@homebody/export";
import { expect, test } from "vitest";
import { ownOf } from "./own.ts";

test("[V45] a source is found by its whole name, beside one whose name ends so", async () => {
  const folder = mkdtempSync(join(tmpdir(), "homebody-own-"));
  try {
    const of = (source: string) => {
      const own = join(folder, `0123456789abcdef-${source}`);
      mkdirSync(own);
      writeFileSync(join(own, "record.json"), JSON.stringify({ source }));
      return own;
    };
    const folders = ["hant", "zh-hant"].map(of);
    await expect(ownOf(folders, "hant", hf)).rejects.toThrow(
      `${folders[0]}: expected a body, and words that were trained`,
    );
    await expect(ownOf(folders, "ant", hf)).rejects.toThrow("--source: expected one of which there is");
    await expect(ownOf(folders, undefined, hf)).rejects.toThrow("export: expected one run and source");
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});
