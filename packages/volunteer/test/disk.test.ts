import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll } from "vitest";
import { memoryDisk } from "../src/memory/disk.ts";
import { folderDisk } from "../src/node/disk.ts";
import { diskContract } from "./disk-contract.ts";

const home = mkdtempSync(join(tmpdir(), "homebody-disk-"));
afterAll(() => rmSync(home, { recursive: true, force: true }));

diskContract("a disk in memory", async () => {
  const files = new Map<string, Uint8Array>();
  return { open: async () => memoryDisk(files) };
});

let folders = 0;
diskContract("a folder", async () => {
  folders += 1;
  const folder = join(home, String(folders));
  return { open: async () => folderDisk(folder) };
});
