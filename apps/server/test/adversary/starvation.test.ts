// Rounds that adversaries would burn, hold up or close before the honest are done, and scores that they would own.

import { type AdminAct, events, volunteerOf } from "@homebody/protocol";
import { afterEach, expect, test } from "vitest";
import { deltaOf } from "../../../../test/deltas.ts";
import { assertMeans } from "../../../../test/recompute.ts";
import { accepted, evaluate, type OpenRun, openRun, takePart, until } from "./open-run.ts";

let run: OpenRun;
afterEach(() => run.close());

const round = (more: string) => `{ deadlineSeconds: 3600, evaluationSeconds: 3600, ${more} }`;
const closings = async () =>
  (await run.entries()).flatMap(({ fact }) => (fact.kind === "closed" ? [fact] : []));

test("[C34] [P27] [P28] two identities that deliver at once burn no round faster than its least time, and none with nothing", async () => {
  run = await openRun({ rounds: 100, round: round("minimum: 2, minimumSeconds: 0.5") });
  const [one, two] = [await run.join("one", "a"), await run.join("two", "b")];
  const { manifest } = run.server.state();
  for (const number of [1, 2, 3]) {
    for (const each of [one, two]) await each.told((now) => now.kind === "training" && now.round === number);
    expect(await one.deliver(number, deltaOf(manifest, "nothing", 0))).toBe("empty-delta");
    const noise = run.delta(`noise ${number}`);
    expect(await one.deliver(number, noise)).toBe("ok");
    expect(await two.deliver(number, noise)).toBe("copied-delta");
    expect(await two.deliver(number, run.delta(`other noise ${number}`))).toBe("ok");
  }
  await one.told((now) => now.kind === "training" && now.round === 4);
  const entries = await run.entries();
  const opened = entries.filter(({ fact }) => fact.kind === "opened");
  const closed = entries.filter(({ fact }) => fact.kind === "closed");
  for (const [i, { at }] of closed.entries()) expect(at - opened[i]!.at).toBeGreaterThanOrEqual(500);
});

test("[C35] sybils that reach the quorum at once do not close the round before another source has delivered", async () => {
  const policy = round("minimum: 4, quorum: 2, graceSeconds: 0, minimumSeconds: 0");
  run = await openRun({ rounds: 3, round: policy });
  const sybils = [await run.join("s1", "a"), await run.join("s2", "a"), await run.join("s3", "a")];
  const slow = await run.join("slow", "b");
  for (const number of [1, 2, 3]) {
    const theirs = sybils.map((one) => takePart(one, run, number));
    expect(await takePart(slow, run, number, () => accepted(run) === 3)).toBe("ok");
    expect(await Promise.all(theirs)).toEqual(["ok", "ok", "ok"]);
    await slow.told(({ body }) => body.number === number);
  }
  const own = volunteerOf(slow.secret);
  expect((await closings()).filter(({ averaged }) => averaged.includes(own))).toHaveLength(3);
});

test("[C34] where the sybils are of the same source, the least time is the slow one's", async () => {
  const policy = round("minimum: 3, quorum: 2, graceSeconds: 0, minimumSeconds: 3");
  run = await openRun({ rounds: 1, round: policy });
  const sybils = [await run.join("s1", "a"), await run.join("s2", "a")];
  const slow = await run.join("slow", "a");
  const theirs = sybils.map((one) => takePart(one, run, 1));
  expect(await takePart(slow, run, 1, () => accepted(run) === 2)).toBe("ok");
  expect(await Promise.all(theirs)).toEqual(["ok", "ok"]);
  await slow.told(({ body }) => body.number === 1);
  expect((await closings())[0]!.averaged).toContain(volunteerOf(slow.secret));
});

test.each([
  ["says nothing more", async () => {}],
  [
    "says each round that it is ready, and evaluates",
    async (lazy: Awaited<ReturnType<OpenRun["join"]>>) => {
      await lazy.word(events.ready, { ready: true });
      await evaluate(lazy, run);
    },
  ],
])("[C36] one that never delivers and %s costs two deadlines, and no third", async (_, act) => {
  const policy = "{ minimum: 3, deadlineSeconds: 1, evaluationSeconds: 3600, minimumSeconds: 0 }";
  run = await openRun({ rounds: 5, round: policy });
  const lazy = await run.join("lazy", "a");
  const honest = [await run.join("a", "a"), await run.join("b", "b")];
  for (const number of [1, 2, 3, 4, 5]) {
    await lazy.told((now) => now.kind === "training" && now.round === number && now.assignment !== null);
    await act(lazy);
    const words = await Promise.all(honest.map((one) => takePart(one, run, number)));
    expect(words).toEqual(["ok", "ok"]);
    await honest[0]!.told(({ body }) => body.number === number);
  }
  const reasons = (await closings()).map(({ reason }) => reason);
  expect(reasons).toEqual(["deadline", "deadline", "all", "all", "all"]);
});

test("[C39] false evaluations are refused or outvoted, and gone once their makers are removed", async () => {
  run = await openRun({ rounds: 1, round: round("minimum: 4, minimumSeconds: 0") });
  const honest = [await run.join("h1", "a"), await run.join("h2", "a"), await run.join("h3", "a")];
  const liar = await run.join("liar", "a");
  await liar.told(({ kind }) => kind === "training");
  for (const lie of [
    { nats: 0, bytes: 1e15 },
    { nats: 1e14, bytes: 1e15 },
    { nats: 0, bytes: 600 },
    { nats: 1e-300, bytes: 600 },
  ])
    expect(await evaluate(liar, run, lie)).toBe("implausible");
  expect(await evaluate(liar, run, { nats: 1.7e308, bytes: 5000 })).toBe("ok");
  for (const [i, one] of honest.entries())
    expect(await evaluate(one, run, { nats: 1000 + i, tokens: 400, bytes: 500 })).toBe("ok");
  const score = () => run.server.figures().scores.a!.map(({ bitsPerByte }) => bitsPerByte);
  expect(score()).toHaveLength(1);
  expect(score()[0]).toBeGreaterThanOrEqual(1000 / Math.LN2 / 500);
  expect(score()[0]).toBeLessThanOrEqual(1002 / Math.LN2 / 500);
  const act: AdminAct = { kind: "remove", volunteer: volunteerOf(liar.secret) };
  await honest[0]!.word(events.admin, { token: run.server.adminToken, act });
  expect(score()).toEqual([expect.closeTo(1001 / Math.LN2 / 500, 9)]);
});

test("[C38] three newcomers beside one who has been there weigh a half, not three quarters; bodies follow from the journal", async () => {
  run = await openRun({ rounds: 4, round: round("minimum: 1, minimumSeconds: 0.3") });
  const old = await run.join("old", "a");
  for (const number of [1, 2, 3]) {
    if (number === 3) for (const name of ["n1", "n2", "n3"]) await run.join(name, "a");
    expect(await takePart(old, run, number)).toBe("ok");
    await until(() => run.server.state().body.number === number);
  }
  await until(() => run.server.state().phase.kind === "training");
  expect(run.server.state().lastAssigned.size).toBe(4);
  const newcomers = [...["n1", "n2", "n3"]].map((name) => run.join(name, "a"));
  const words = [old, ...(await Promise.all(newcomers))].map((one) => takePart(one, run, 4));
  expect(await Promise.all(words)).toEqual(["ok", "ok", "ok", "ok"]);
  await until(() => run.server.state().body.number === 4);
  const entries = await run.entries();
  const last = entries.flatMap(({ fact }) =>
    fact.kind === "accepted" && fact.round === 4 ? [fact.seniority] : [],
  );
  expect(last.sort()).toEqual([1, 1, 1, 3]);
  expect(await assertMeans(entries, "any", run.blob)).toEqual([1, 2, 3, 4]);
});
