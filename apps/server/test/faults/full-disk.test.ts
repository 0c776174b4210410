// [C49] A disk that is full in the middle of an upload, of an acceptance and of a close, at the real server: whoever sends is told
// of trouble, and goes on when there is space again. Nothing is restarted, and nothing is left over.

import { readdirSync, statSync, truncateSync } from "node:fs";
import { join } from "node:path";
import { afterEach, expect, test } from "vitest";
import { type SmallDisk, smallDisk } from "../../../../packages/store/test/small-disk.ts";
import { until, type World, world } from "./lossy-disk.ts";

let at: World | undefined;
let disk: SmallDisk | undefined;
afterEach(async () => {
  await at?.close().catch(() => {});
  disk?.remove();
});

const parts = () =>
  readdirSync(at!.dataDir, { recursive: true })
    .map(String)
    .filter((name) => name.endsWith(".part"));
/** Lets go of so many bytes of what fills it. */
const leave = (bytes: number) => {
  const rest = join(disk!.path, "rest");
  truncateSync(rest, statSync(rest).size - bytes);
};

test("[C49] an upload, an acceptance and a close that found no space go on when there is some", {
  timeout: 60_000,
}, async (context) => {
  disk = smallDisk(16);
  if (disk === undefined) return context.skip("only root may make a small file system");
  at = world({ rounds: 2, width: 128 }, disk.path);
  await at.start();
  const [one, two] = await at.pair(1);
  const delta = at.delta("1 0");
  expect(delta.length).toBeGreaterThan(2 * 65_536);
  for (const free of [0, 1 << 16, 100_000]) {
    disk.fill();
    leave(free);
    expect(await one.deliver(1, delta)).toBe("trouble");
  }
  disk.empty();
  expect(await one.deliver(1, delta)).toBe("ok");
  // Enough for the delta and its facts, and not for the body.
  disk.fill();
  leave(280_000);
  expect(await two.deliver(1, at.delta("1 1"))).toBe("ok");
  await until(
    () => at!.log.filter((line) => line.includes("ENOSPC") && line.includes("averaging")).length > 2,
  );
  expect(at.server().state().phase.kind).toBe("closing");
  expect(parts()).toEqual([]);
  disk.empty();
  await until(() => at!.server().state().body.number === 1);
  await one.told((now) => now.kind === "training" && now.round === 2);
  for (const [i, each] of [one, two].entries()) expect(await each.deliver(2, at.delta(`2 ${i}`))).toBe("ok");
  await until(() => at!.server().state().body.number === 2);
  expect((await at.kinds()).filter((kind) => kind === "accepted")).toHaveLength(4);
});
