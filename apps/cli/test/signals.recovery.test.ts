// Whatever way the README's commands are ended, the server ends cleanly with them, and so do volunteers on this machine.

import { type ChildProcess, spawn } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { writeRun } from "../../../test/run-folder.ts";

const root = join(import.meta.dirname, "..", "..", "..");
const npm = process.platform === "win32" ? "npm.cmd" : "npm";

let folder: string;
let child: ChildProcess | undefined;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "homebody-signals-"));
});
afterEach(() => {
  child?.kill("SIGKILL");
  rmSync(folder, { recursive: true, force: true });
});

const dataDir = () => join(folder, "data");

async function until(what: string, holds: () => boolean | Promise<boolean>): Promise<void> {
  for (let tries = 0; tries < 1200; tries++) {
    if (await holds()) return;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  throw new Error(`${what}: expected within two minutes, got nothing of it`);
}

const freePort = () =>
  new Promise<number>((resolve) => {
    const probe = createServer().listen(0, "127.0.0.1", () => {
      const { port } = probe.address() as { port: number };
      probe.close(() => resolve(port));
    });
  });

const answers = (port: number) =>
  fetch(`http://127.0.0.1:${port}/healthz`).then(
    ({ ok }) => ok,
    () => false,
  );

const isAlive = (pid: number) => {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
};

async function start(command: string, args: readonly string[]): Promise<{ port: number; server: number }> {
  const port = await freePort();
  child = spawn(command, [...args, "--data", dataDir(), "--port", String(port)], {
    cwd: root,
    stdio: "ignore",
  });
  await until("a server", () => answers(port));
  const { pid } = JSON.parse(readFileSync(join(dataDir(), "lock.json"), "utf8")) as { pid: number };
  return { port, server: pid };
}

const file = () => writeRun(folder);

test.each([
  ["npm run homebody -- serve", npm, () => ["run", "-s", "homebody", "--", "serve", file()], "SIGTERM"],
  ["npm start", npm, () => ["start", "-s", "--", "--volunteers", "1"], "SIGTERM"],
  ["scripts/homebody.mjs", process.execPath, () => ["scripts/homebody.mjs", "serve", file()], "SIGTERM"],
  ["scripts/homebody.mjs", process.execPath, () => ["scripts/homebody.mjs", "serve", file()], "SIGKILL"],
  ["scripts/start.mjs", process.execPath, () => ["scripts/start.mjs", "--volunteers", "1"], "SIGHUP"],
] as const)("%s (%#): the server ends cleanly with it", async (_, command, args, signal) => {
  const { port, server } = await start(command, args());
  const ended = new Promise<number | null>((resolve) => child!.on("exit", resolve));
  child!.kill(signal);
  const code = await ended;
  // What is ours is awaited; npm ends with its shell.
  if (command === process.execPath && signal !== "SIGKILL") {
    expect(code).toBe(0);
    expect(isAlive(server)).toBe(false);
  }
  await until("its end", () => !isAlive(server));
  expect(existsSync(join(dataDir(), "lock.json"))).toBe(false); // as only a clean end leaves it
  expect(await answers(port)).toBe(false);
});
