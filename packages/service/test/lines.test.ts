// Who is on which line, and who is told what.

import { bitsOf, rowMapOf } from "@homebody/dept";
import { events, type PresenceReport, volunteerOf } from "@homebody/protocol";
import { expect, test } from "vitest";
import { deltaOf, secretOf } from "../../../test/deltas.ts";
import { hostDisk } from "../src/memory/index.ts";
import { type Member, manifest, type Served, serve, token } from "./world.ts";

const run = manifest();
const idOf = (name: string) => volunteerOf(secretOf(name));
const kinds = async ({ entries }: Served) => (await entries()).map(({ fact }) => fact.kind);
const of = ({ came }: Member, event: string) =>
  came.flatMap(([name, message]) => (name === event ? [message] : []));

test("[P2] [P4] what is early is refused, what is malformed too, what is unknown is not answered", async () => {
  const served = await serve(run);
  const one = await served.meet("one");
  for (const event of [
    events.ready,
    events.open,
    events.chunk,
    events.commit,
    events.evaluation,
    events.leave,
  ])
    expect(await one.word(event, {}), event).toBe("not-joined");
  expect(await one.word(events.hello, { protocol: 99, any: "form" })).toBe("protocol-version");
  expect(await one.word(events.hello, null)).toBe("malformed");
  let answered = false;
  const asked = one.ask("no such event", {}).finally(() => {
    answered = true;
  });
  asked.catch(() => {});
  one.line.tell(events.progress, { free: "text" });
  await served.clock.advance(1000);
  expect(answered).toBe(false);
  await one.join("a");
  await one.word(events.watch, { after: 0 });
  await served.clock.advance(0);
  const [report] = of(one, events.presence) as PresenceReport[];
  expect(report!.refusals).toMatchObject({ "not-joined": 6, "protocol-version": 1, malformed: 2 });
  await served.close();
});

test("[P5] a second connection of a volunteer replaces the first, which is told so", async () => {
  const served = await serve(run);
  const first = await served.join("one", "a");
  const second = await served.join("one", "a");
  expect(of(first, events.removed)).toEqual([{ reason: "replaced" }]);
  expect([first.isUp(), second.isUp(), served.service().counts().volunteers]).toEqual([false, true, 1]);
  // It is still here, and a round may count on it.
  await served.join("two", "b");
  await served.clock.advance(0);
  expect(second.announcements.at(-1)).toMatchObject({ kind: "training", assignment: { slot: 0 } });
  await served.close();
});

test("[C17] whoever the host takes back is let in again", async () => {
  const served = await serve(run);
  const [one, two] = [await served.join("one", "a"), await served.join("two", "b")];
  const volunteer = idOf("one");
  expect(await two.word(events.admin, { token, act: { kind: "remove", volunteer } })).toBe("ok");
  expect(await two.word(events.admin, { token, act: { kind: "restore", volunteer } })).toBe("ok");
  await served.clock.advance(2000);
  expect(one.isUp()).toBe(true);
  expect((await one.hello("a")).ok).toBe(true);
  expect(await one.word(events.ready, { ready: true })).toBe("ok");
  await served.close();
});

test("[C17] whoever the host removes is told, let go, and not let in again", async () => {
  const served = await serve(run);
  const [one, two] = [await served.join("one", "a"), await served.join("two", "b")];
  const act = { kind: "remove", volunteer: idOf("one") };
  expect(await two.word(events.admin, { token, act })).toBe("ok");
  expect(of(one, events.removed)).toEqual([{ reason: "removed" }]);
  expect(one.isUp()).toBe(false);
  await served.clock.advance(2000);
  expect(await one.hello("a")).toEqual({ ok: false, refusal: "removed" });
  await two.word(events.watch, { after: 0 });
  await served.clock.advance(0);
  const report = of(two, events.presence).at(-1) as PresenceReport;
  expect(report.volunteers.map(({ volunteer }) => volunteer)).toEqual([idOf("two")]);
  await served.close();
});

test("[C23] who comes back with another source has left the round that counted on the first", async () => {
  const served = await serve(run);
  const [one, two] = [await served.join("one", "a"), await served.join("two", "b")];
  await served.clock.advance(0);
  served.cut();
  served.mend();
  await served.clock.advance(0);
  await one.hello("b");
  expect(await kinds(served)).toEqual(["created", "opened", "left"]);
  expect(await one.deliver(1, deltaOf(run, "one"))).toBe("not-assigned");
  await two.hello("b");
  expect(await two.deliver(1, deltaOf(run, "two"))).toBe("ok");
  await served.clock.advance(0);
  expect(served.service().state().body.number).toBe(1);
  await served.close();
});

test("a hello whose line is lost while its rows are looked up leaves nobody behind", async () => {
  const disk = hostDisk();
  const rows = bitsOf(rowMapOf(300, [1, 2]));
  const hash = await disk.blobs.put(rows);
  const trim = manifest({ variant: "trim" });
  const text = {
    train: hash,
    trainBytes: 1,
    heldOut: null,
    heldOutBytes: 0,
    rows: { sha256: hash, held: 2 },
  };
  const withRows = { ...trim, sources: trim.sources.map((source) => ({ ...source, served: text })) };
  let look = () => {};
  const get: typeof disk.blobs.get = async (wanted) => {
    if (wanted === hash)
      await new Promise<void>((resolve) => {
        look = resolve;
      });
    return disk.blobs.get(wanted);
  };
  const served = await serve(withRows, { disk: { ...disk, blobs: { ...disk.blobs, get } } });
  const [one, watcher] = [await served.meet("one"), await served.meet("watcher")];
  const hello = one.hello("a");
  hello.catch(() => {});
  await served.clock.advance(0);
  one.line.close();
  await served.clock.advance(0);
  look();
  await watcher.word(events.watch, { after: 0 });
  await served.clock.advance(0);
  expect((of(watcher, events.presence)[0] as PresenceReport).volunteers).toEqual([]);
  expect(served.service().counts()).toMatchObject({ connections: 1, volunteers: 0, uploads: 0 });
  await served.close();
});

test("[P6] all are told when the phase changes; of who is ready once in a while; of what one did alone nobody", async () => {
  const served = await serve(manifest({}, { round: { ...run.round, minimum: 4 } }));
  const one = await served.join("one", "a");
  const many = one.announcements.length;
  const two = await served.join("two", "b");
  await served.join("three", "b");
  expect(one.announcements).toHaveLength(many);
  await served.clock.advance(200);
  expect(one.announcements.slice(many)).toMatchObject([{ kind: "gathering", ready: 3, minimum: 4 }]);
  const four = await served.join("four", "a");
  await served.clock.advance(0);
  expect(one.announcements.at(-1)).toMatchObject({ kind: "training" });
  await served.clock.advance(1000);
  const before = one.announcements.length;
  expect(await four.deliver(1, deltaOf(run, "four"))).toBe("ok");
  expect(await two.word(events.leave, {})).toBe("ok");
  expect((await served.entries()).at(-1)).toMatchObject({ fact: { kind: "left" } });
  expect(one.announcements).toHaveLength(before);
  await served.close();
});

test("[P18] a watcher gets what it missed, then what comes, in order; one that is far behind only what comes", async () => {
  const served = await serve(run, { limits: { messagesPerSecond: 1000 } });
  const host = await served.meet("host");
  const act = (kind: string) => host.word(events.admin, { token, act: { kind } });
  for (let i = 0; i < 260; i++) expect([await act("pause"), await act("resume")]).toEqual(["ok", "ok"]);
  const seqs = (one: Member) => (of(one, events.entries) as { seq: number }[][]).flat().map(({ seq }) => seq);
  const [late, near] = [await served.meet("late"), await served.meet("near")];
  expect(await late.ask(events.watch, { after: 0 })).toEqual({ ok: true, last: 521 });
  expect(await near.ask(events.watch, { after: 21 })).toEqual({ ok: true, last: 521 });
  expect(await act("pause")).toBe("ok");
  expect(seqs(late)).toEqual([522]);
  expect(seqs(near)).toEqual(Array.from({ length: 501 }, (_, i) => 22 + i));
  await served.close();
});

test("[P47] the more volunteers there are, the further apart their words of progress are asked to be", async () => {
  const served = await serve(manifest({}, { round: { ...run.round, minimum: 202 } }));
  const come = async (number: number, source = "a") => {
    const volunteer = await served.meet(`volunteer ${number}`, `10.0.0.${number}`);
    await volunteer.join(source);
    return volunteer;
  };
  const first = await come(1);
  for (let number = 2; number <= 100; number++) await come(number);
  expect(first.announcements.at(-1)).not.toHaveProperty("progressSeconds");
  for (let number = 101; number <= 201; number++) await come(number);
  const last = await come(202, "b");
  await served.clock.advance(1000);
  for (const { announcements } of [first, last])
    expect(announcements.at(-1)).toMatchObject({ kind: "training", progressSeconds: 3 });
  await served.close();
});
