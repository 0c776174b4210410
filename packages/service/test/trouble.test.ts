// A disk or a database that fails is the coordinator's trouble, said by its own word, and nothing is lost by it.

import { joinedBytes } from "@homebody/base";
import { events, type UploadOpened } from "@homebody/protocol";
import { expect, test } from "vitest";
import { claimOf, deltaOf } from "../../../test/deltas.ts";
import { type HostDisk, hostDisk } from "../src/memory/index.ts";
import { breakable, manifest, type Served, serve, token } from "./world.ts";

const run = manifest();
const good = (source: string) => deltaOf(run, source);

async function pair(disk: HostDisk) {
  const served = await serve(run, { disk });
  const [a, b] = [await served.join("one", "a"), await served.join("two", "b")];
  await served.clock.advance(0);
  return { served, a, b };
}

const published = async ({ clock, service }: Served) => {
  await clock.advance(0);
  return service().state().body.number;
};

test.each([
  ["journal", "append"],
  ["journal", "find"],
  ["blobs", "get"],
  ["blobs", "size"],
  ["spool", "size"],
  ["spool", "append"],
  ["spool", "seal"],
  ["spool", "remove"],
] as const)("%s.%s fails while a delta is sent: trouble, until it works again", async (port, method) => {
  const disk = hostDisk();
  const broken = breakable<Record<string, unknown>>(disk[port] as never, [method]);
  const { served, a, b } = await pair({ ...disk, [port]: broken.port });
  broken.set(true);
  expect(await a.deliver(1, good("a"))).toBe("trouble");
  // Where the journal failed, the tick that follows asks it too.
  expect(served.troubles).toHaveLength(method === "append" && port === "journal" ? 2 : 1);
  // Whoever asks for nothing that is broken is not touched by it.
  expect(await b.word(events.ready, { ready: true })).toBe("ok");
  broken.set(false);
  expect(await a.deliver(1, good("a"))).toBe("ok");
  expect(await b.deliver(1, good("b"))).toBe("ok");
  expect(await published(served)).toBe(1);
  const accepted = (await served.entries()).filter(({ fact }) => fact.kind === "accepted");
  expect(accepted).toHaveLength(2);
  await served.close();
});

test("a chunk of which the disk took a part: the upload goes on from there", async () => {
  const disk = hostDisk();
  let isFull = true;
  const spool: HostDisk["spool"] = {
    ...disk.spool,
    append: async (upload, offset, ...pieces) => {
      if (!isFull) return disk.spool.append(upload, offset, ...pieces);
      await disk.spool.append(upload, offset, joinedBytes(pieces).subarray(0, 500));
      throw new Error("no space left on device");
    },
  };
  const { served, a } = await pair({ ...disk, spool });
  const delta = good("a");
  const opened = await a.ask<UploadOpened>(events.open, claimOf(1, delta));
  if (!opened.ok) throw new Error(opened.refusal);
  const { upload } = opened;
  expect(await a.word(events.chunk, { upload, offset: 0, bytes: delta })).toBe("trouble");
  isFull = false;
  expect(await a.ask(events.open, claimOf(1, delta))).toMatchObject({ ok: true, upload, offset: 500 });
  expect(await a.deliver(1, delta)).toBe("ok");
  await served.close();
});

test("what is here of an upload cannot be told at first: it is not begun anew over what is here", async () => {
  const disk = hostDisk();
  const broken = breakable(disk.spool, ["size"]);
  const { served, a, b } = await pair({ ...disk, spool: broken.port });
  for (const [one, source] of [
    [a, "a"],
    [b, "b"],
  ] as const)
    expect(await one.deliver(1, good(source))).toBe("ok");
  await served.clock.advance(0);
  // In the second round: that the first one's uploads are over is past.
  const delta = good("a again");
  const opened = await a.ask<UploadOpened>(events.open, claimOf(2, delta));
  if (!opened.ok) throw new Error(opened.refusal);
  const { upload } = opened;
  expect(await a.word(events.chunk, { upload, offset: 0, bytes: delta.subarray(0, 700) })).toBe("ok");
  served.kill();
  await served.start();
  await served.clock.advance(2000);
  await a.hello("a");
  broken.set(true);
  expect(await a.word(events.open, claimOf(2, delta))).toBe("trouble");
  broken.set(false);
  expect(await a.ask(events.open, claimOf(2, delta))).toMatchObject({ ok: true, upload, offset: 700 });
  expect(await a.deliver(2, delta)).toBe("ok");
  await served.close();
});

test("the host's acts, evaluations, leaving and watching are answered so too, and count once they are repeated", async () => {
  const disk = hostDisk();
  const broken = breakable(disk.journal, ["append", "read"]);
  const { served, a } = await pair({ ...disk, journal: broken.port });
  const { number, id } = served.service().state().body;
  const asked = [
    [events.evaluation, { body: number, id, nats: 1, tokens: 1, bytes: 1 }],
    [events.watch, { after: 0 }],
    [events.admin, { token, act: { kind: "pause" } }],
  ] as const;
  broken.set(true);
  for (const [event, message] of asked) expect(await a.word(event, message), event).toBe("trouble");
  expect(await a.word(events.leave, {})).toBe("trouble");
  broken.set(false);
  await a.hello("a");
  for (const [event, message] of asked) expect(await a.word(event, message), event).toBe("ok");
  const kinds = (await served.entries()).map(({ fact }) => fact.kind);
  expect(kinds).toEqual(["created", "opened", "evaluated", "paused"]);
  await served.close();
});

test("a round that cannot be opened or averaged is tried again by itself", async () => {
  const disk = hostDisk();
  const journal = breakable(disk.journal, ["append"]);
  const blobs = breakable(disk.blobs, ["put"]);
  const served = await serve(run, { disk: { ...disk, journal: journal.port, blobs: blobs.port } });
  journal.set(true);
  const [a, b] = [await served.join("one", "a"), await served.join("two", "b")];
  await served.clock.advance(5000);
  expect(served.service().state().phase.kind).toBe("gathering");
  expect(served.troubles.length).toBeGreaterThan(2);
  journal.set(false);
  await served.clock.advance(1000);
  expect(served.service().state().phase.kind).toBe("training");
  blobs.set(true);
  expect([await a.deliver(1, good("a")), await b.deliver(1, good("b"))]).toEqual(["ok", "ok"]);
  await served.clock.advance(10_000);
  expect(served.service().state().phase.kind).toBe("closing");
  blobs.set(false);
  await served.clock.advance(2000);
  expect(served.service().state().body.number).toBe(1);
  await served.close();
});

test("another coordinator wrote to the journal: this one stops, and says so", async () => {
  const disk = hostDisk();
  const failed: unknown[] = [];
  const served = await serve(run, { disk });
  await served.close();
  await served.start({ notices: { failed: (error) => void failed.push(error) } });
  const one = await served.join("one", "a");
  await disk.journal.append(run.run, (await served.entries()).length, served.clock.now(), [
    { kind: "paused" },
  ]);
  await served.join("two", "b");
  await served.clock.advance(5000);
  expect(failed).toMatchObject([{ name: "JournalConflict" }]);
  expect(await one.word(events.leave, {})).toBe("trouble");
  await served.close();
});

test.each(["accepted", "closed", "published"])(
  "[C41] the journal takes a fact (%s) and its answer is lost: it is looked up, and counts once",
  async (kind) => {
    for (const outageCalls of [1, 3]) {
      const disk = hostDisk();
      let left = 0;
      let cut = false;
      const lost = () => new Error("the connection was lost");
      const journal: HostDisk["journal"] = {
        ...disk.journal,
        append: async (...given) => {
          if (left > 0) {
            left -= 1;
            throw lost();
          }
          const last = await disk.journal.append(...given);
          if (cut || !(given[3] as readonly { kind: string }[]).some((fact) => fact.kind === kind))
            return last;
          cut = true;
          left = outageCalls - 1;
          throw lost();
        },
      };
      const { served, a, b } = await pair({ ...disk, journal });
      const deliver = async (one: typeof a, source: string) => {
        let word = "";
        for (let tries = 0; tries < 5 && word !== "ok"; tries++) {
          word = await one.deliver(1, good(source));
          await served.clock.advance(1000);
        }
        expect(word).toBe("ok");
      };
      await deliver(a, "a");
      await deliver(b, "b");
      await served.clock.until("a body", () => served.service().state().body.number === 1);
      const facts = (await served.entries()).map(({ fact }) => fact.kind);
      expect(facts.filter((one) => one === "accepted")).toHaveLength(2);
      expect(facts.filter((one) => one === kind)).toHaveLength(kind === "accepted" ? 2 : 1);
      expect(cut).toBe(true);
      await served.close();
    }
  },
);
