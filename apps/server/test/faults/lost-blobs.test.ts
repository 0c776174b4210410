// What a disk loses of a run, at the real server: deltas are dropped by a fact, a body is made again or waited for, and volunteers
// go on.

import { readFileSync, truncateSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Sha256 } from "@homebody/base";
import { sha256Of } from "@homebody/base";
import { chunkBytes, events, type UploadOpened } from "@homebody/protocol";
import { afterEach, expect, test } from "vitest";
import { type Damage, damages } from "../../../../test/blobs.ts";
import { claimOf } from "../../../../test/deltas.ts";
import { assertMeans } from "../../../../test/recompute.ts";
import type { RunFolderOptions } from "../../../../test/run-folder.ts";
import type { Client } from "../client.ts";
import { until, type World, world } from "./lossy-disk.ts";

let at: World;
afterEach(() => at.close());

const open = async (options: RunFolderOptions = {}) => {
  at = world({ rounds: 3, keep: "{ undoBodies: 1, deltaRounds: 0 }", ...options });
};

async function deliver(round: number, ...those: readonly Client[]): Promise<void> {
  for (const [i, one] of those.entries())
    expect(await one.deliver(round, at.delta(`${round} ${i}`))).toBe("ok");
}

/** Both deliver the round, and its body is there. */
async function play(round: number, pair: readonly [Client, Client]): Promise<void> {
  for (const one of pair) await one.told((now) => now.kind === "training" && now.round === round);
  await deliver(round, ...pair);
  await until(() => at.server().state().body.number === round);
}

const bodyFile = () => at.server().state().body.sections[0]!.sha256;
const dropped = async () =>
  (await at.journal()).flatMap(({ fact }) => (fact.kind === "dropped" ? [fact.reason] : []));

/** Does it to blobs of deltas between their acceptance and their averaging, the first time a round closes. */
function beforeClosing(act: () => void) {
  let done = false;
  return (point: string) => {
    if (point !== "close:before" || done) return;
    done = true;
    act();
  };
}

test.each(
  damages.flatMap((how) => [
    [how, 16],
    [how, 256],
  ]) as [Damage, number][],
)(
  "[C44] a delta that is %s (width %i) is dropped, its volunteer is told, and the other one is averaged",
  { timeout: 60_000 },
  async (how, width) => {
    await open({ width, keep: "{ undoBodies: 1, deltaRounds: all }" });
    await at.start({
      faults: beforeClosing(() => at.damage(sha256Of(at.delta("1 0")), how)),
    });
    const [one, two] = await at.pair(1);
    await deliver(1, one, two);
    await until(() => at.server().state().body.number === 1);
    expect(await dropped()).toEqual([how === "missing" ? "missing" : "damaged"]);
    expect(one.announcements.some((now) => now.kind === "closing" && now.lost === true)).toBe(true);
    expect(two.announcements.some((now) => "lost" in now)).toBe(false);
    await play(2, [one, two]);
    expect(await assertMeans(await at.journal(), "any", at.blob)).toEqual([1, 2]);
  },
);

test("[C44] where all deltas of a round are lost it opens again, and the same volunteers deliver the same deltas", async () => {
  await open();
  const both = () => {
    at.damage(sha256Of(at.delta("1 0")), "flipped");
    at.damage(sha256Of(at.delta("1 1")), "missing");
  };
  await at.start({ faults: beforeClosing(both) });
  const pair = await at.pair(1);
  await deliver(1, ...pair);
  await pair[0].told((now) => now.kind === "training" && now.lost === true);
  expect(await at.kinds()).toEqual([
    ...["created", "opened", "accepted", "accepted", "closed", "dropped", "dropped", "lapsed", "opened"],
  ]);
  await play(1, pair);
  await play(2, pair);
});

test.each(damages)(
  "[C44] a delta that is %s when the coordinator comes back is delivered again",
  async (how) => {
    await open();
    await at.start();
    await deliver(1, (await at.pair(1))[0]);
    const hash = sha256Of(at.delta("1 0"));
    await at.stop();
    at.damage(hash, how);
    await at.start();
    const pair = await at.pair(1);
    expect(await dropped()).toHaveLength(1);
    expect(pair[0].announcements.at(-1)).toMatchObject({ kind: "training", accepted: false, lost: true });
    await play(1, pair);
    expect((await at.kinds()).filter((kind) => kind === "accepted")).toHaveLength(3);
  },
);

test.each(damages)(
  "[C45] a body that is %s at a start is computed again where its round's deltas are kept",
  async (how) => {
    await open({ more: ["variant: spec"], keep: "{ undoBodies: 1, deltaRounds: all }" });
    await at.start();
    const pair = await at.pair(1);
    await play(1, pair);
    await play(2, pair);
    const files = (await at.journal()).flatMap(({ fact }) =>
      fact.kind === "published" ? fact.sections.map(({ sha256 }) => sha256) : [],
    );
    const before = files.map((hash) => readFileSync(at.pathOf(hash)));
    await at.stop();
    for (const hash of files) at.damage(hash, how);
    await at.start();
    expect(readFileSync(at.pathOf(files[1]!))).toEqual(before[1]);
    await play(3, await at.pair(3));
  },
);

test.each(damages)(
  "[C45] a body that is %s and cannot be made again: no round opens, it is said which file by which entry, and the run goes on when it is back",
  async (how) => {
    await open();
    await at.start();
    const before = await at.pair(1);
    await play(1, before);
    const [host] = before;
    await host.told((now) => now.kind === "training" && now.round === 2);
    for (const kind of ["pause", "end-round"] as const) expect(await at.admin(host, { kind })).toBe("ok");
    const hash = bodyFile();
    const bytes = readFileSync(at.pathOf(hash));
    await at.stop();
    at.damage(hash, how);
    await at.start();
    const pair = [await at.meet("one", "a"), await at.meet("two", "b")] as const;
    expect(await at.admin(pair[0], { kind: "resume" })).toBe("ok");
    const { seq } = (await at.journal()).find(({ fact }) => fact.kind === "published")!;
    const what = how === "missing" ? "missing" : "its bytes are not those of its name";
    const told = `blobs/${hash.slice(0, 2)}/${hash}: ${what}; it is part of body 1 (journal entry ${seq}). Put the file back`;
    await until(() => at.log.filter((line) => line.includes(told)).length > 2);
    expect(at.server().state().phase.kind).toBe("gathering");
    writeFileSync(at.pathOf(hash), bytes);
    await play(2, pair);
  },
);

async function withoutBody() {
  await open();
  let hash = "" as Sha256;
  let bytes: Uint8Array | undefined;
  const faults = (point: string) => {
    if (point !== "close:before" || at.server().state().body.number !== 1) return;
    hash = bodyFile();
    bytes = readFileSync(at.pathOf(hash));
    at.damage(hash, "missing");
  };
  await at.start({ faults });
  const pair = await at.pair(1);
  await play(1, pair);
  await pair[0].told((now) => now.kind === "training" && now.round === 2);
  await deliver(2, ...pair);
  await until(() => at.log.some((line) => line.includes(`${hash}: missing; it is part of body 1`)));
  return { pair, putBack: () => writeFileSync(at.pathOf(hash), bytes!) };
}

test("[C46] a body that is lost while its round closes: nothing is dropped, and the round is averaged when it is back", async () => {
  const { pair, putBack } = await withoutBody();
  expect(at.server().state().phase.kind).toBe("closing");
  putBack();
  await until(() => at.server().state().body.number === 2);
  expect(await dropped()).toEqual([]);
  await play(3, pair);
});

test("[C46] a body that is lost while its round closes: the admin may end the run", async () => {
  const { pair } = await withoutBody();
  expect(await at.admin(pair[0], { kind: "end-run" })).toBe("ok");
  await until(() => at.server().state().phase.kind === "evaluating");
  expect((await at.kinds()).slice(-3)).toEqual(["ending", "lapsed", "evaluating"]);
});

test("[C45] a served text that the folder has lost is made again of the host's file", async () => {
  await open();
  await at.start();
  const { train } = at.server().state().manifest.sources[0]!.served!;
  const bytes = readFileSync(at.pathOf(train));
  await at.stop();
  at.damage(train, "missing");
  await at.start();
  expect(readFileSync(at.pathOf(train))).toEqual(bytes);
  await play(1, await at.pair(1));
});

test("[C45] a delta whose blob an earlier try left, and which is damaged since, is sent again and counts", async () => {
  await open();
  let fails = true;
  const faults = (point: string) => {
    if (point !== "commit:after-blob" || !fails) return;
    fails = false;
    throw new Error("the disk is gone");
  };
  await at.start({ faults });
  const [one, two] = await at.pair(1);
  expect(await one.deliver(1, at.delta("1 0"))).toBe("trouble");
  at.damage(sha256Of(at.delta("1 0")), "flipped");
  expect(await one.deliver(1, at.delta("1 0"))).toBe("wrong-hash");
  await deliver(1, one, two);
  await until(() => at.server().state().body.number === 1);
});

test.each(["half as long", "with zeros at its end"])(
  "[C45] an upload that a power cut left %s goes on, or is sent again, and counts",
  async (how) => {
    await open({ width: 128 });
    await at.start();
    const delta = at.delta("1 0");
    const [one] = await at.pair(1);
    const opened = await one.ask<UploadOpened>(events.open, claimOf(1, delta));
    if (!opened.ok) throw new Error(opened.refusal);
    const { upload } = opened;
    const chunk = { upload, offset: 0, bytes: delta.subarray(0, chunkBytes) };
    expect(await one.word(events.chunk, chunk)).toBe("ok");
    await at.stop();
    const path = join(at.dataDir, "spool", upload);
    truncateSync(path, 20_000);
    if (how !== "half as long") truncateSync(path, chunkBytes);
    await at.start();
    const pair = await at.pair(1);
    const word = await pair[0].deliver(1, delta);
    expect(word).toBe(how === "half as long" ? "ok" : "wrong-hash");
    expect(await pair[0].deliver(1, delta)).toBe("ok");
    expect(await pair[1].deliver(1, at.delta("1 1"))).toBe("ok");
    await until(() => at.server().state().body.number === 1);
  },
);
