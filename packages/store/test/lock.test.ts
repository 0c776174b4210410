import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
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
});

test("an owner that serves nothing is named by its process", async () => {
  const folder = temporary();
  const lock = await lockFolder(folder, { pid: process.pid, port: null });
  await expect(lockFolder(folder, { pid: process.pid, port: 8081 })).rejects.toThrow(
    `in use by another coordinator (process ${process.pid}): stop`,
  );
  await lock.release();
});

test("another process holds it until it is killed, not longer", async () => {
  const folder = temporary();
  const script = `import { lockFolder } from ${JSON.stringify(new URL("../src/lock.ts", import.meta.url).href)};
    await lockFolder(${JSON.stringify(folder)}, { pid: process.pid, port: 1 });
    console.log("locked"); setInterval(() => {}, 1000);`;
  const child = spawn(process.execPath, ["--import", "tsx", "--input-type=module", "-e", script]);
  await once(child.stdout, "data");
  await expect(lockFolder(folder, { pid: process.pid, port: 2 })).rejects.toMatchObject({
    name: "FolderInUse",
    owner: { pid: child.pid, port: 1 },
  });
  const gone = once(child, "exit");
  child.kill("SIGKILL");
  await gone;
  await (await lockFolder(folder, { pid: process.pid, port: 2 })).release();
});

test("a damaged note of the owner does not matter", async () => {
  const folder = temporary();
  writeFileSync(join(folder, "lock.json"), "half a lo");
  await (await lockFolder(folder, { pid: process.pid, port: 2 })).release();
});

test("of many at once, one gets the folder", async () => {
  const folder = temporary();
  const tries = await Promise.allSettled(
    Array.from({ length: 8 }, (_, i) => lockFolder(folder, { pid: process.pid, port: i + 1 })),
  );
  const held = tries.flatMap((one) => (one.status === "fulfilled" ? [one.value] : []));
  expect(held).toHaveLength(1);
  await held[0]!.release();
});
