// [P37] The admin's token goes on a command line as it is.

import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { expect, test } from "vitest";
import { adminToken, adminTokenPath } from "../src/folder/admin-token.ts";

test("[P37] a token is the folder's, and every one can be given as an option", async () => {
  const folder = mkdtempSync(join(tmpdir(), "homebody-token-"));
  try {
    for (let i = 0; i < 300; i++) {
      const token = await adminToken(folder);
      expect(await adminToken(folder)).toBe(token);
      const { values } = parseArgs({ args: ["--token", token], options: { token: { type: "string" } } });
      expect(values.token).toBe(token);
      rmSync(adminTokenPath(folder));
    }
  } finally {
    rmSync(folder, { recursive: true });
  }
});
