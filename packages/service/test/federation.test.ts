// A whole run in memory and in virtual time, through the production's service, lines and averaging.

import { random } from "@homebody/base";
import { bitsOf, exchangeFor, type RowMap, rowMapOf } from "@homebody/dept";
import { events, type RunManifest, type UploadOpened } from "@homebody/protocol";
import { expect, test } from "vitest";
import { claimOf, deltaOf } from "../../../test/deltas.ts";
import { assertMeans } from "../../../test/recompute.ts";
import { type FaultPoint, faultPoints } from "../src/index.ts";
import { type HostDisk, hostDisk } from "../src/memory/index.ts";
import { keepingAll, type Member, manifest, type Served, serve, token } from "./world.ts";

const hourMs = 3_600_000;
const kinds = async ({ entries }: Served) => (await entries()).map(({ fact }) => fact.kind);
const phase = ({ service }: Served) => service().state().phase.kind;

function rowsOf(seed: string): RowMap {
  const dice = random(seed);
  return rowMapOf(300, [0, ...Array.from({ length: 150 }, () => dice.below(290))]);
}

function delta(run: RunManifest, source: "a" | "b", rows: RowMap | null, seed: string): Uint8Array {
  return deltaOf(run, seed, 1, exchangeFor(run, run.sources.find(({ id }) => id === source)!, rows));
}

const evaluation = ({ service }: Served) => {
  const { number, id } = service().state().body;
  return { body: number, id, nats: 100, tokens: 50, bytes: 60 };
};

const sparse = { kind: "sparse2", k: 64 } as const;

test.each([
  ["spec", "averaging", "fp16", "off"],
  ["glob", "nesterov", "fp32", "off"],
  ["trim", "adam", "fp16", "off"],
  ["spec", "averaging", "int8", "int8"],
  ["glob", "averaging", "int2", "int4"],
  ["trim", "averaging", "int4", "int8"],
  ["trim", "nesterov", "fp32", "int4"],
  ["glob", "adam", "fp16", "int8"],
  ["spec", "averaging", sparse, "off"],
  ["trim", "averaging", sparse, "int4"],
  ["spec", "averaging", "fp32", "off", "fp16"],
  ["trim", "nesterov", "fp16", "off", "fp16"],
  ["trim", "averaging", "int8", "int8", "fp16"],
  ["glob", "adam", "fp32", "int4", "fp16"],
] as const)(
  "[C77] [C78] [C97] %s, %s, %j, %s down, body %s: rounds open, deltas make the next body, and the run ends",
  async (variant, kind, codec, down, body: RunManifest["body"] = "fp32") => {
    const outers: Readonly<Record<string, RunManifest["outer"]>> = {
      averaging: { kind: "averaging" },
      nesterov: { kind: "nesterov", lr: 0.7, momentum: 0.9 },
      adam: { kind: "adam", lr: 0.01, betas: [0.9, 0.99], epsilon: 1e-3 },
    };
    const { round } = manifest();
    const change = { rounds: 3, round: { ...round, minimum: 3 } };
    const run = manifest({ variant, codec, down, body, outer: outers[kind]! }, change);
    const served = await serve(keepingAll(run));
    const who = [
      ["one", "a"],
      ["two", "a"],
      ["three", "b"],
    ] as const;
    const maps = who.map(([name]) => (variant === "trim" ? rowsOf(name) : null));
    const members: Member[] = [];
    for (const [i, [name, source]] of who.entries())
      members.push(await served.join(name, source, maps[i] ? bitsOf(maps[i]) : undefined));
    for (const round of [1, 2, 3]) {
      await served.clock.advance(1000);
      for (const [i, [name, source]] of who.entries()) {
        const last = members[i]!.announcements.at(-1);
        expect(last, name).toMatchObject({ kind: "training", round, assignment: { slots: i < 2 ? 2 : 1 } });
        expect(await members[i]!.deliver(round, delta(run, source, maps[i]!, `${round} ${name}`))).toBe("ok");
      }
    }
    await served.clock.advance(0);
    expect(phase(served)).toBe("evaluating");
    for (const member of members) expect(await member.word(events.evaluation, evaluation(served))).toBe("ok");
    await served.clock.advance(0);
    expect(members[0]!.announcements.at(-1)).toMatchObject({ kind: "finished", rounds: 3 });
    expect(await assertMeans(await served.entries(), 3, served.blob)).toEqual([1, 2, 3]);
    expect(served.troubles).toEqual([]);
    await served.close();
  },
);

test("[C7] [C8] hours pass in a blink: a round with nothing opens again, one that waits closes at its deadline", async () => {
  const run = manifest({}, { rounds: 1 });
  const served = await serve(run);
  const one = await served.join("one", "a");
  await served.join("two", "b");
  await served.clock.advance(hourMs);
  expect(one.announcements.at(-1)).toMatchObject({ kind: "training", round: 1, remainingMs: hourMs });
  expect(await kinds(served)).toEqual(["created", "opened", "lapsed", "opened"]);
  expect(await one.deliver(1, delta(run, "a", null, "alone"))).toBe("ok");
  await served.clock.advance(hourMs - 1);
  expect(phase(served)).toBe("training");
  await served.clock.advance(1);
  expect(phase(served)).toBe("evaluating");
  await served.clock.advance(hourMs);
  expect(phase(served)).toBe("finished");
  expect((await kinds(served)).slice(4)).toEqual([
    ...["accepted", "closed", "published", "evaluating", "finished"],
  ]);
  await served.close();
});

test("[C7] [C16] with the quorum the grace begins, and no earlier deadline or later pause is forgotten", async () => {
  const { round } = manifest();
  const run = manifest({}, { rounds: 1, round: { ...round, quorum: 1, quorumSources: 1, graceSeconds: 10 } });
  const served = await serve(run);
  const one = await served.join("one", "a");
  await served.join("two", "b");
  await served.clock.advance(60_000);
  expect(await one.deliver(1, delta(run, "a", null, "quick"))).toBe("ok");
  await served.clock.advance(9000);
  expect(await one.word(events.admin, { token, act: { kind: "pause" } })).toBe("ok");
  await served.clock.advance(1_000_000);
  expect(await one.word(events.admin, { token, act: { kind: "resume" } })).toBe("ok");
  await served.clock.advance(999);
  expect(phase(served)).toBe("training");
  await served.clock.advance(1);
  expect((await kinds(served)).slice(-3)).toEqual(["closed", "published", "evaluating"]);
  await served.close();
});

test("[C9] a line that is lost costs nothing: the upload goes on where the coordinator is, on the line that comes back", async () => {
  const run = manifest({ codec: "fp32", vocabulary: 300 });
  const served = await serve(run);
  const one = await served.join("one", "a");
  const two = await served.join("two", "b");
  await served.clock.advance(0);
  const sent = delta(run, "a", null, "1 a");
  const opened = await one.ask<UploadOpened>(events.open, claimOf(1, sent));
  if (!opened.ok) throw new Error(opened.refusal);
  expect(
    await one.word(events.chunk, { upload: opened.upload, offset: 0, bytes: sent.subarray(0, 999) }),
  ).toBe("ok");
  served.cut();
  expect(one.isUp()).toBe(false);
  await served.clock.advance(60_000);
  served.mend();
  await served.clock.advance(0);
  await one.hello("a");
  expect(await one.ask(events.open, claimOf(1, sent))).toMatchObject({ ok: true, offset: 999 });
  expect(await one.deliver(1, sent)).toBe("ok");
  await two.hello("b");
  expect(await two.deliver(1, delta(run, "b", null, "1 b"))).toBe("ok");
  await served.clock.advance(0);
  expect(served.service().state().body.number).toBe(1);
  await served.close();
});

test("[P62] what a volunteer says passed at its socket is in the fact of its delta, whole or in chunks, and nothing where it does not say", async () => {
  const run = manifest();
  const served = await serve(run);
  const [one, two] = [await served.join("one", "a"), await served.join("two", "b")];
  await served.clock.advance(0);
  const passed = { sentBytes: 7, receivedBytes: 9 };
  const bytes = delta(run, "a", null, "1 a");
  expect(await one.ask(events.open, { ...claimOf(1, bytes), passed, bytes })).toMatchObject({ ok: true });
  expect(await two.deliver(1, delta(run, "b", null, "1 b"))).toBe("ok");
  await served.clock.advance(0);
  const chunk = delta(run, "b", null, "2 b");
  const opened = await two.ask<UploadOpened>(events.open, { ...claimOf(2, chunk), passed });
  if (!opened.ok) throw new Error(opened.refusal);
  expect(await two.deliver(2, chunk)).toBe("ok");
  const facts = (await served.entries()).map(({ fact }) => fact);
  expect(facts.flatMap((fact) => (fact.kind === "accepted" ? [fact.passed] : []))).toEqual([
    passed,
    undefined,
    passed,
  ]);
  expect(served.service().figures().traffic).toMatchObject({ sentBytes: 14, receivedBytes: 18 });
  await served.close();
});

test("[C18] [P12] [P17] a run that is ended in an open round leaves no spool of it while it is evaluated", async () => {
  const run = manifest({ codec: "fp32", vocabulary: 300 });
  const served = await serve(run);
  const one = await served.join("one", "a");
  await served.join("two", "b");
  await served.clock.advance(0);
  const sent = delta(run, "a", null, "1 a");
  const opened = await one.ask<UploadOpened>(events.open, claimOf(1, sent));
  if (!opened.ok) throw new Error(opened.refusal);
  const { upload } = opened;
  const chunk = (offset: number) => ({ upload, offset, bytes: sent.subarray(offset, offset + 999) });
  expect(await one.word(events.chunk, chunk(0))).toBe("ok");
  expect(await one.word(events.admin, { token, act: { kind: "end-run" } })).toBe("ok");
  await served.clock.advance(0);
  expect(phase(served)).toBe("evaluating");
  expect(await served.disk.spool.list()).toEqual([]);
  expect(await one.word(events.chunk, chunk(999))).toBe("wrong-round");
  await served.close();
});

/** Two volunteers through two rounds, coming again whenever the coordinator is gone. */
async function carriedThrough(
  run: RunManifest,
  disk: HostDisk,
  by: "deliver" | "deliverAtOnce",
  dies?: { readonly at: FaultPoint; readonly pass: number },
) {
  let died = false;
  let passed = 0;
  const served: Served = await serve(run, {
    disk,
    faults: (point) => {
      if (died || point !== dies?.at || ++passed < dies.pass) return;
      died = true;
      served.kill();
      return new Promise(() => {}); // nothing further happens in this process
    },
  });
  const who = [
    { member: await served.meet("one"), source: "a" },
    { member: await served.meet("two"), source: "b" },
  ] as const;
  let restarted = false;
  for (let step = 0; phase(served) !== "finished"; step++) {
    if (step === 100) throw new Error(`expected an end, got ${phase(served)}`);
    if (died && !restarted) {
      restarted = true;
      await served.start();
    }
    await served.clock.advance(2000); // lines come back, the coordinator does what is due
    for (const { member, source } of who) {
      const last = member.announcements.at(-1);
      const act = async () => {
        await member.join(source);
        const now = member.announcements.at(-1)!;
        if (now.kind === "training" && !now.accepted)
          await member[by](now.round, delta(run, source, null, `${now.round} ${source}`));
        if (now.kind === "evaluating") await member.word(events.evaluation, evaluation(served));
      };
      if (last?.kind !== "finished") await act().catch(() => {}); // its line was lost
    }
  }
  const { body } = served.service().state();
  const entries = await served.entries();
  await served.close();
  return { body, entries, died };
}

const once = faultPoints.filter((point) => point !== "join:before-fact");

const kills = once.flatMap((at) => [[at, "off"] as const, [at, "int4"] as const]);

test.each(kills)(
  "[C1] [C3] killed at %s (%s down): the next process goes on, and makes the same bodies",
  async (at, down) => {
    const run = manifest({ down });
    const whole = await carriedThrough(run, hostDisk(), "deliver");
    for (const by of ["deliver", "deliverAtOnce"] as const)
      for (const pass of [1, 2]) {
        const { body, entries, died } = await carriedThrough(run, hostDisk(), by, { at, pass });
        expect(died).toBe(true);
        expect(body).toEqual(whole.body);
        const accepted = entries.flatMap(({ fact }) =>
          fact.kind === "accepted" ? [`${fact.round} ${fact.volunteer}`] : [],
        );
        expect(new Set(accepted).size).toBe(accepted.length);
        expect(accepted).toHaveLength(4);
      }
  },
);

test("[C20] somebody who leaves while the body is looked at leaves its row map: the round opens with it", async () => {
  const run = manifest({ variant: "trim" });
  const disk = hostDisk();
  let look = () => {};
  let [isSlow, isLooking] = [false, false];
  const slow = new Promise<void>((resolve) => {
    look = resolve;
  });
  const blobs: HostDisk["blobs"] = {
    ...disk.blobs,
    get: async (hash) => {
      isLooking = isSlow;
      if (isSlow) await slow;
      return disk.blobs.get(hash);
    },
  };
  const served = await serve(run, { disk: { ...disk, blobs } });
  isSlow = true;
  const bits = (name: string) => bitsOf(rowsOf(name));
  const one = await served.join("one", "a", bits("one"));
  await served.join("two", "b", bits("two"));
  await served.clock.advance(0);
  expect([phase(served), isLooking]).toEqual(["gathering", true]);
  const left = one.word(events.leave, {});
  await served.clock.advance(0);
  look();
  await served.clock.advance(0);
  expect(await left).toBe("ok");
  expect(await kinds(served)).toContain("opened");
  expect(served.troubles).toEqual([]);
  await served.close();
});
