// Who is let into a source that is not open [C50], as hellos come in; and who is shown to the host [P39].

import type { Sha256 } from "@homebody/base";
import { bitsOf, rowMapOf } from "@homebody/dept";
import {
  type AdminAct,
  type Applicant,
  type Applicants,
  events,
  hashOfCode,
  type PresenceReport,
  volunteerOf,
} from "@homebody/protocol";
import { expect, test } from "vitest";
import { deltaOf, secretOf } from "../../../test/deltas.ts";
import { hostDisk } from "../src/memory/index.ts";
import { type Member, manifest, type Served, serve, token } from "./world.ts";

type Admission = "open" | "code" | "approval";

/** Source `a` is of this admission, `b` is open. */
function runOf(admission: Admission, options: Parameters<typeof manifest>[0] = {}) {
  const run = manifest(options);
  const [a, b] = run.sources;
  return { ...run, sources: [{ ...a!, admission }, b!] };
}

const idOf = (name: string) => volunteerOf(secretOf(name));
const code = (digit: string) => digit.repeat(32);
const facts = async (served: Served) => (await served.entries()).slice(1).map(({ fact }) => fact);

/** The host, on a line of its own. */
async function hostOf(served: Served) {
  const host = await served.meet("host", "the host's");
  return {
    act: (act: object) => host.word(events.admin, { token, act: act as AdminAct }),
    invite: (...codes: (readonly [string, number])[]) =>
      host.word(events.admin, {
        token,
        act: {
          kind: "invite",
          source: "a",
          codes: codes.map(([code, uses]) => ({ sha256: hashOfCode(code), uses })),
        },
      }),
    applicants: async () => {
      const reply = await host.ask<Applicants>(events.applicants, { token });
      if (!reply.ok) throw new Error(`applicants: ${reply.refusal}`);
      return reply.applicants;
    },
  };
}

async function says(member: Member, change: object = {}): Promise<string> {
  const reply = await member.hello("a", change);
  return reply.ok ? "ok" : reply.refusal;
}

test("[P38] a code lets its volunteer in, once for all; the journal has its hash alone", async () => {
  const served = await serve(runOf("code"));
  const host = await hostOf(served);
  expect(await host.invite([code("1"), 1])).toBe("ok");
  const one = await served.meet("one");
  expect([await says(one), await says(one, { code: code("2") }), await says(one, { code: "1" })]).toEqual([
    "needs-code",
    "code-spent",
    "malformed",
  ]);
  expect(await says(one, { code: hashOfCode(code("1")).slice(0, 32) })).toBe("code-spent");
  expect([await says(one, { code: code("1") }), await says(one)]).toEqual(["ok", "ok"]);
  expect(await facts(served)).toMatchObject([
    { kind: "invited" },
    { kind: "admitted", volunteer: idOf("one"), source: "a", code: hashOfCode(code("1")) },
  ]);
  expect(JSON.stringify(await served.entries())).not.toContain(code("1"));
  await served.close();
});

test("[P38] of two that come with one single-use code at the same moment, one is let in", async () => {
  const served = await serve(runOf("code"));
  const host = await hostOf(served);
  await host.invite([code("1"), 1]);
  const members = [await served.meet("one"), await served.meet("two"), await served.meet("three")];
  const answers = await Promise.all(members.map((one) => says(one, { code: code("1") })));
  expect(answers.sort()).toEqual(["code-spent", "code-spent", "ok"]);
  expect(served.service().counts().volunteers).toBe(1);
  await served.close();
});

test("[C50] a hello that is refused costs nothing: no fact, no place, no row map", async () => {
  for (const admission of ["code", "approval"] as const) {
    const disk = hostDisk();
    let [looked, put] = [0, 0];
    const blobs = {
      ...disk.blobs,
      get: (hash: Sha256) => {
        looked += 1;
        return disk.blobs.get(hash);
      },
      put: (bytes: Uint8Array) => {
        put += 1;
        return disk.blobs.put(bytes);
      },
    };
    const served = await serve(runOf(admission, { variant: "trim" }), { disk: { ...disk, blobs } });
    [looked, put] = [0, 0];
    const rows = bitsOf(rowMapOf(300, [1, 2]));
    for (const name of ["one", "two"])
      expect(await says(await served.meet(name), { rows, code: code("1") })).toMatch(/spent|approved/);
    expect([looked, put, (await facts(served)).length]).toEqual([0, 0, 0]);
    expect(served.service().counts().volunteers).toBe(0);
    const watcher = await served.meet("watcher");
    await watcher.word(events.watch, { after: 0 });
    await served.clock.advance(0);
    const [, report] = watcher.came.find(([event]) => event === events.presence)!;
    expect((report as PresenceReport).volunteers).toEqual([]);
    await served.close();
  }
});

test("[P38] guesses are bounded by address, and a right code is never among them", async () => {
  const served = await serve(runOf("code"), { limits: { codeGuessesPerMinute: 3 } });
  const host = await hostOf(served);
  await host.invite([code("1"), 9]);
  const guesser = await served.meet("guesser", "there");
  const guesses: string[] = [];
  for (let i = 0; i < 5; i++) guesses.push(await says(guesser, { code: `${`${i}`.repeat(31)}f` }));
  expect(guesses).toEqual(["code-spent", "code-spent", "code-spent", "too-many", "too-many"]);
  expect(await says(await served.meet("neighbour", "there"), { code: code("1") })).toBe("ok");
  expect(await says(await served.meet("elsewhere"), { code: code("2") })).toBe("code-spent");
  await served.clock.advance(20_000);
  expect(await says(guesser, { code: code("3") })).toBe("code-spent");
  await served.close();
});

test("[C17] [C51] whoever is removed comes back neither with its code nor as another with it", async () => {
  const served = await serve(runOf("code"));
  const host = await hostOf(served);
  await host.invite([code("1"), 5]);
  const [one, two] = [await served.meet("one"), await served.meet("two")];
  await one.join("a", { code: code("1") });
  await two.join("a", { code: code("1") });
  expect(await host.act({ kind: "remove", volunteer: idOf("one") })).toBe("ok");
  await served.clock.advance(2000);
  expect(await says(await served.meet("one"), { code: code("1") })).toBe("removed");
  expect(await says(await served.meet("one anew"), { code: code("1") })).toBe("code-spent");
  expect(await says(await served.meet("two"))).toBe("ok");
  await served.close();
});

test("[C50] who was let in stays so when the coordinator was killed, and its delta counts", async () => {
  const run = runOf("code");
  const disk = hostDisk();
  const first = await serve(run, { disk });
  const host = await hostOf(first);
  await host.invite([code("1"), 1]);
  await (await first.meet("one")).join("a", { code: code("1") });
  first.kill();
  const served = await serve(run, { disk });
  const one = await served.join("one", "a");
  await served.join("two", "b");
  await served.clock.advance(0);
  expect(await one.deliver(1, deltaOf(run, "one"))).toBe("ok");
  await served.close();
});

test("[P39] who waits for the host is shown to it alone, by its id, until it goes or is let in", async () => {
  const served = await serve(runOf("approval"));
  const host = await hostOf(served);
  const [one, two] = [await served.meet("one"), await served.meet("two")];
  expect([await says(one), await says(two), await says(one)]).toEqual(Array(3).fill("not-approved"));
  expect(await one.word(events.applicants, { token: "guessed" })).toBe("not-authorised");
  const device = { backend: "wasm", host: "node" };
  expect(await host.applicants()).toMatchObject([
    { volunteer: idOf("one"), source: "a", device },
    { volunteer: idOf("two"), source: "a", device },
  ]);
  two.line.close();
  expect(await host.act({ kind: "approve", volunteer: idOf("one"), source: "a" })).toBe("ok");
  expect(await host.applicants()).toEqual([]);
  expect(await says(one)).toBe("ok");
  expect(await host.act({ kind: "remove", volunteer: idOf("one") })).toBe("ok");
  await served.clock.advance(2000);
  expect(await says(await served.meet("one"))).toBe("removed");
  expect(await facts(served)).toMatchObject([
    { kind: "admitted", volunteer: idOf("one"), source: "a", code: null },
    { kind: "removed" },
  ]);
  await served.close();
});

test("[P39] the line of one that waits stays up, and is of one volunteer; who comes by another source waits no more", async () => {
  const served = await serve(runOf("approval"), { limits: { introductionMs: 1000 } });
  const host = await hostOf(served);
  const one = await served.meet("one");
  for (let seconds = 0; seconds < 10; seconds++) {
    expect(await says(one)).toBe("not-approved");
    await served.clock.advance(900);
  }
  expect(one.isUp()).toBe(true);
  expect(await says(one, { secret: secretOf("another") })).toBe("malformed");
  expect(await host.applicants()).toMatchObject([{ volunteer: idOf("one"), since: 1_000_000 }]);
  expect((await one.hello("b")).ok).toBe(true);
  expect(await host.applicants()).toEqual([]);
  await served.close();
});

test("[P39] a crowd of applicants from one address crowds out itself", async () => {
  const served = await serve(runOf("approval"), { limits: { applicants: 6 } });
  const host = await hostOf(served);
  const apply = async (name: string, address: string) =>
    expect(await says(await served.meet(name, address))).toBe("not-approved");
  for (let i = 0; i < 20; i++) await apply(`flood ${i}`, "there");
  await apply("one", "here");
  await apply("two", "elsewhere");
  const known = new Map([...Array(20).keys()].map((i) => [idOf(`flood ${i}`), `flood ${i}`]));
  known.set(idOf("one"), "one").set(idOf("two"), "two");
  const shown = (list: readonly Applicant[]) => list.map(({ volunteer }) => known.get(volunteer));
  expect(shown(await host.applicants())).toEqual(["flood 0", "flood 1", "flood 2", "flood 3", "one", "two"]);
  await apply("flood 19", "there");
  expect(shown(await host.applicants())).toEqual(["flood 0", "flood 1", "flood 2", "flood 3", "one", "two"]);
  await served.close();
});
