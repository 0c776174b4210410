import { spawn } from "node:child_process";
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, expect, test } from "vitest";
import { lockFolder } from "../src/index.ts";

const folders: string[] = [];
afterEach(() => {
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true, force: true });
});
function temporary(): string {
  const folder = mkdtempSync(join(tmpdir(), "homebody-lock-"));
  folders.push(folder);
  return folder;
}

test("a second coordinator on the folder is refused, naming the first", async () => {
  const folder = temporary();
  const lock = await lockFolder(folder, { pid: process.pid, port: 8080 });
  await expect(lockFolder(folder, { pid: process.pid, port: 8081 })).rejects.toThrow(
    `in use by another coordinator (process ${process.pid}, port 8080)`,
  );
  await lock.release();
  const next = await lockFolder(folder, { pid: process.pid, port: 8081 });
  await next.release();
  expect(readdirSync(folder)).toEqual([]);
});

test("a lock left by kill -9 does not block", async () => {
  const folder = temporary();
  const child = spawn(process.execPath, ["-e", "setInterval(() => {}, 1000)"]);
  await lockFolder(folder, { pid: child.pid!, port: 1 });
  await expect(lockFolder(folder, { pid: process.pid, port: 2 })).rejects.toMatchObject({
    name: "FolderInUse",
  });
  const gone = new Promise((resolve) => child.on("exit", resolve));
  child.kill("SIGKILL");
  await gone;
  const lock = await lockFolder(folder, { pid: process.pid, port: 2 });
  await lock.release();
});

test("a pid that belongs to another process by now does not block; nor does a damaged lock", async () => {
  const folder = temporary();
  writeFileSync(join(folder, "lock"), JSON.stringify({ pid: process.pid, port: 1, startedAt: "1" }));
  if (process.platform === "linux") await (await lockFolder(folder, { pid: process.pid, port: 2 })).release();
  writeFileSync(join(folder, "lock"), "half a lo");
  await (await lockFolder(folder, { pid: process.pid, port: 2 })).release();
});

test("of many at once, one gets the folder", async () => {
  const folder = temporary();
  writeFileSync(join(folder, "lock"), "stale");
  const tries = await Promise.allSettled(
    Array.from({ length: 8 }, (_, i) => lockFolder(folder, { pid: process.pid, port: i + 1 })),
  );
  expect(tries.filter(({ status }) => status === "fulfilled")).toHaveLength(1);
});
