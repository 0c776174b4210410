// [P7] A small delta in its opening: what holds of open, chunks and commit holds of it.

import type { Fact } from "@homebody/coordinator";
import { chunkBytes, events, type UploadOpened } from "@homebody/protocol";
import { expect, test } from "vitest";
import { claimOf, deltaOf } from "../../../test/deltas.ts";
import { hostDisk } from "../src/memory/index.ts";
import { breakable, manifest, type Served, serve } from "./world.ts";

const run = manifest();
const good = (salt: string) => deltaOf(run, salt, 1e-3);

async function pair(disk = hostDisk()) {
  const served = await serve(run, { disk });
  const [a, b] = [await served.join("one", "a"), await served.join("two", "b")];
  await served.clock.advance(0);
  return { served, disk, a, b };
}

const accepted = async (served: Served) =>
  (await served.entries()).filter(({ fact }) => fact.kind === "accepted").length;

test("is in when its opening is answered, and answered so again", async () => {
  const { served, disk, a, b } = await pair();
  expect(await a.deliverAtOnce(1, good("a"))).toBe("ok");
  expect(await accepted(served)).toBe(1);
  expect(await a.deliverAtOnce(1, good("a"))).toBe("ok");
  expect(await a.deliver(1, good("a"))).toBe("ok");
  expect(await a.deliverAtOnce(1, good("another"))).toBe("already-accepted");
  expect(await accepted(served)).toBe(1);
  expect(await disk.spool.list()).toEqual([]);
  expect(await b.deliverAtOnce(1, good("b"))).toBe("ok");
  await served.clock.advance(0);
  expect(served.service().state().body.number).toBe(1);
  await served.close();
});

test("goes on where chunks of it are, whatever these hold", async () => {
  const { served, a } = await pair();
  const delta = good("a");
  const opened = await a.ask<UploadOpened>(events.open, claimOf(1, delta));
  if (!opened.ok) throw new Error(opened.refusal);
  const { upload } = opened;
  expect(await a.word(events.chunk, { upload, offset: 0, bytes: delta.subarray(0, 700) })).toBe("ok");
  expect(await a.deliverAtOnce(1, delta)).toBe("ok");
  await served.close();
});

test("of another size, hash or shape than it claims, or too large, is refused and leaves nothing", async () => {
  const { served, disk, a } = await pair();
  const delta = good("a");
  const large = { ...claimOf(1, delta), bytes: new Uint8Array(chunkBytes + 1) };
  expect(await a.word(events.open, large)).toBe("too-large");
  expect(await a.deliverAtOnce(1, delta, { bytes: delta.subarray(1) })).toBe("wrong-size");
  expect(await a.deliverAtOnce(1, delta, { bytes: good("b") })).toBe("wrong-hash");
  expect(await a.deliverAtOnce(1, delta, { bytes: "text" })).toBe("malformed");
  expect(await a.deliverAtOnce(2, delta)).toBe("wrong-round");
  expect(await a.deliverAtOnce(1, new Uint8Array(delta.length))).toBe("wrong-shape");
  expect(served.service().counts().uploads).toBe(0);
  expect(await disk.spool.list()).toEqual([]);
  expect(await a.deliverAtOnce(1, delta)).toBe("ok");
  await served.close();
});

test("two openings of one delta at a time count it once", async () => {
  const { served, a } = await pair();
  const words = await Promise.all([1, 2, 3].map(() => a.deliverAtOnce(1, good("a"))));
  expect(words).toContain("ok");
  expect(words.filter((word) => word !== "ok" && !word.startsWith("open at"))).toEqual([]);
  expect(await a.deliverAtOnce(1, good("a"))).toBe("ok");
  expect(await accepted(served)).toBe(1);
  await served.close();
});

test.each([
  ["blobs", "put"],
  ["journal", "append"],
] as const)("that the disk cannot take (%s.%s) may be sent again", async (port, method) => {
  const disk = hostDisk();
  const broken = breakable<Record<string, unknown>>(disk[port] as never, [method]);
  const { served, a } = await pair({ ...disk, [port]: broken.port });
  broken.set(true);
  expect(await a.deliverAtOnce(1, good("a"))).toBe("trouble");
  broken.set(false);
  expect(await a.deliverAtOnce(1, good("a"))).toBe("ok");
  expect(await accepted(served)).toBe(1);
  await served.close();
});

test("[C67] what comes while others are written goes into the journal with them, and each is answered for itself", async () => {
  const disk = hostDisk();
  const appended: number[] = [];
  const append: typeof disk.journal.append = (run, seq, at, facts, names) => {
    appended.push(facts.filter((fact) => (fact as Fact).kind === "accepted").length);
    return disk.journal.append(run, seq, at, facts, names);
  };
  const many = { ...run, round: { ...run.round, minimum: 12 } };
  const served = await serve(many, { disk: { ...disk, journal: { ...disk.journal, append } } });
  const members = await Promise.all(
    Array.from({ length: 12 }, (_, i) => served.join(`v${i}`, i % 2 ? "a" : "b")),
  );
  await served.clock.advance(0);
  const salts = [...Array(11).keys(), 0]; // the last one has the first one's numbers
  const words = await Promise.all(members.map((one, i) => one.deliverAtOnce(1, good(`${salts[i]}`))));
  expect(words.slice(1, 11)).toEqual(Array(10).fill("ok"));
  expect([words[0], words[11]].sort()).toEqual(["copied-delta", "ok"]);
  expect(await accepted(served)).toBe(11);
  expect(Math.max(...appended)).toBeGreaterThan(5);
  await served.close();
});
