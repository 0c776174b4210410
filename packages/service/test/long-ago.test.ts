// What is of the past is found in the journal, whoever wrote it, and is not remembered.

import { sha256Of } from "@homebody/base";
import { exchangeFor } from "@homebody/dept";
import { events, uploadOf, volunteerOf } from "@homebody/protocol";
import { memoryJournal, memorySnapshots } from "@homebody/store/memory";
import { expect, test } from "vitest";
import { claimOf, deltaOf } from "../../../test/deltas.ts";
import { type HostDisk, hostDisk } from "../src/memory/index.ts";
import { keepingAll, type Member, manifest, type Served, serve } from "./world.ts";

const rounds = 12;
const run = manifest({}, { rounds: 100 });
const sourceOf = (id: string) => run.sources.find((one) => one.id === id)!;
const delta = (round: number, source: string) =>
  deltaOf(run, `${round} ${source}`, 1, exchangeFor(run, sourceOf(source), null));
const upload = (round: number, { secret }: Member, source: string) =>
  uploadOf(run.run, round, volunteerOf(secret), sha256Of(delta(round, source)));

/** Two volunteers through so many rounds. */
async function played(served: Served) {
  const [one, two] = [await served.join("one", "a"), await served.join("two", "b")];
  for (let round = 1; round <= rounds; round++) {
    await served.clock.advance(1000);
    expect(await one.deliver(round, delta(round, "a"))).toBe("ok");
    expect(await two.deliver(round, delta(round, "b"))).toBe("ok");
  }
  await served.clock.advance(0);
  expect(served.service().state().body.number).toBe(rounds);
  return [one, two] as const;
}

/** The same facts, as a version that named no entries wrote them. */
async function withoutNames({ journal, ...rest }: HostDisk): Promise<HostDisk> {
  const bare = memoryJournal();
  for (const { seq, at, fact } of await journal.read(run.run, 0, 1e6))
    await bare.append(run.run, seq - 1, at, [fact]);
  return { ...rest, journal: bare, snapshots: memorySnapshots() };
}

test.each([
  ["by the process that took it", async (disk: HostDisk) => disk, false],
  ["by a process that was not there", async (disk: HostDisk) => disk, true],
  ["by a process whose journal was written without names", withoutNames, true],
] as const)(
  "[P10] a delta that was accepted long ago is acknowledged again %s",
  async (_, become, restarts) => {
    const disk = hostDisk();
    let served = await serve(run, { disk });
    await played(served);
    if (restarts) {
      await served.close();
      served = await serve(run, { disk: await become(disk) });
    }
    const [one, two] = [await served.join("one", "a"), await served.join("two", "b")];
    const first = upload(1, one, "a");
    expect(await one.word(events.commit, { upload: first })).toBe("ok");
    expect(await one.ask(events.open, claimOf(1, delta(1, "a")))).toMatchObject({ ok: true, accepted: true });
    expect(await two.word(events.commit, { upload: first })).toBe("not-yours"); // [P11]
    expect(await one.word(events.commit, { upload: upload(rounds + 1, one, "a") })).toBe("unknown-upload");
    const accepted = (await served.entries()).filter(({ fact }) => fact.kind === "accepted");
    expect(accepted).toHaveLength(2 * rounds);
    await served.close();
  },
);

test.each([true, false])(
  "where deltas are kept (%s) they outlive a restart, and so does every tenth body",
  async (areKept) => {
    const disk = hostDisk();
    const own = areKept ? keepingAll(run) : run;
    const before = await serve(own, { disk });
    await played(before);
    const { sections } = (await before.entries()).flatMap(({ fact }) =>
      fact.kind === "published" && fact.round === 10 ? [fact] : [],
    )[0]!;
    await before.close();
    const stray = await disk.blobs.put(Uint8Array.of(1, 2, 3));
    // A start with no round open removes what nothing names.
    await disk.journal.append(run.run, await disk.journal.lastSeq(run.run), before.clock.now(), [
      { kind: "lapsed", round: rounds + 1 },
    ]);
    const served = await serve(own, { disk });
    const { kindOf } = served.service();
    const old = sha256Of(delta(1, "a"));
    expect([await kindOf(old), (await served.blob(old)) !== undefined]).toEqual(
      areKept ? ["delta", true] : [undefined, false],
    );
    for (const { sha256 } of sections)
      expect([await kindOf(sha256), (await served.blob(sha256)) !== undefined]).toEqual(["body", true]);
    expect(await served.blob(stray)).toBeUndefined();
    await served.close();
  },
);

test.each([
  ["all", Array.from({ length: rounds + 1 }, (_, number) => number)],
  [{ every: 4 }, [0, 4, 8, 9, 10, 11, 12]],
  [{ last: 2 }, [0, 11, 12]],
] as const)(
  "[C57] bodies: %j is what is on the disk and served, also after a restart",
  async (bodies, expected) => {
    const disk = hostDisk();
    const own = { ...run, keep: { bodies, undoBodies: 1, deltaRounds: 0 } };
    let served = await serve(own, { disk });
    await played(served);
    const kept = async () => {
      const there = [];
      for (const { fact } of await served.entries()) {
        if (fact.kind !== "created" && fact.kind !== "published") continue;
        const hashes = fact.sections.map(({ sha256 }) => sha256);
        const blobs = await Promise.all(hashes.map((hash) => served.blob(hash)));
        const kinds = await Promise.all(hashes.map((hash) => served.service().kindOf(hash)));
        expect(kinds.map((kind) => kind === "body")).toEqual(blobs.map((blob) => blob !== undefined));
        if (blobs.every((blob) => blob !== undefined)) there.push(fact.kind === "created" ? 0 : fact.round);
      }
      return there;
    };
    expect(await kept()).toEqual(expected);
    await served.close();
    served = await serve(own, { disk });
    expect(await kept()).toEqual(expected);
    await served.close();
  },
);
