// Strangers at sources that are not open [C50], at the real server: they guess, take again, race and flood. Beside them an honest
// pair trains, and the run ends with the bits that it has without them.

import { randomBytes } from "node:crypto";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import {
  type AdminAct,
  type Applicants,
  events,
  hashOfCode,
  type Refusal,
  volunteerOf,
} from "@homebody/protocol";
import { afterEach, beforeEach, expect, test } from "vitest";
import { deltaOf, secretOf } from "../../../../test/deltas.ts";
import { writeRun } from "../../../../test/run-folder.ts";
import { createServer, type RunningServer, stderrLog } from "../../src/index.ts";
import { type Client, client } from "../client.ts";

type Admission = "code" | "approval";

let folder: string;
let server: RunningServer;
let host: Client;
const clients: Client[] = [];

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "homebody-admission-"));
});
afterEach(async () => {
  for (const one of clients.splice(0)) one.close();
  await server.close();
  rmSync(folder, { recursive: true, force: true });
});

const newCode = () => randomBytes(16).toString("hex");
const idOf = (name: string) => volunteerOf(secretOf(name));

async function start(admission: Admission, name = "data"): Promise<void> {
  const run = writeRun(folder, { rounds: 2, admission });
  server = await createServer({ run, dataDir: join(folder, name), log: stderrLog("silent") });
  host = await meet("the host");
}

async function meet(name: string): Promise<Client> {
  const one = await client(server.url, name);
  clients.push(one);
  return one;
}

const act = (what: AdminAct | object) =>
  host.word(events.admin, { token: server.adminToken, act: what as AdminAct });

/** The code, once it counts. */
async function invite(uses = 1): Promise<string> {
  const code = newCode();
  const codes = [{ sha256: hashOfCode(code), uses }];
  expect(await act({ kind: "invite", source: "a", codes })).toBe("ok");
  return code;
}

async function applicants() {
  const reply = await host.ask<Applicants>(events.applicants, { token: server.adminToken });
  if (!reply.ok) throw new Error(`applicants: ${reply.refusal}`);
  return reply.applicants;
}

async function says(member: Client, change: object = {}): Promise<Refusal | "ok"> {
  const reply = await member.hello("a", change);
  return reply.ok ? "ok" : reply.refusal;
}

/** One that is let in, of `a`, and one of `b`, which is open. */
async function pair(admission: Admission): Promise<readonly [Client, Client]> {
  const [a, b] = [await meet("honest a"), await meet("honest b")] as const;
  if (admission === "code") await a.join("a", { code: await invite() });
  else {
    expect(await act({ kind: "approve", volunteer: idOf("honest a"), source: "a" })).toBe("ok");
    await a.join("a");
  }
  await b.join("b");
  return [a, b];
}

/** The two rounds of the run; its last body's id. */
async function trains([a, b]: readonly [Client, Client]): Promise<string> {
  const { manifest } = server.state();
  for (const round of [1, 2]) {
    for (const one of [a, b])
      await one.told((said) => said.kind === "training" && said.round === round && said.assignment !== null);
    expect(await a.deliver(round, deltaOf(manifest, `a ${round}`))).toBe("ok");
    expect(await b.deliver(round, deltaOf(manifest, `b ${round}`))).toBe("ok");
  }
  const { body } = await a.told((said) => said.body.number === 2);
  return body.id;
}

/** What the pair makes of the run where nobody else is there. */
async function undisturbed(admission: Admission): Promise<string> {
  await start(admission, "undisturbed");
  const body = await trains(await pair(admission));
  for (const one of clients.splice(0)) one.close();
  await server.close();
  return body;
}

const facts = async () => {
  const { entries } = (await (await fetch(`${server.url}/api/journal`)).json()) as {
    entries: { fact: { kind: string } }[];
  };
  return entries.map(({ fact }) => fact);
};

test("[P38] guesses, spent codes and hashes from the journal let nobody in, and the run has the bits that it has without them", async () => {
  const body = await undisturbed("code");
  await start("code");
  const honest = await pair("code");
  const spent = await invite();
  const unused = await invite();
  expect(await says(await meet("first"), { code: spent })).toBe("ok");
  await (clients.at(-1) as Client).word(events.leave, {});
  const before = await facts();
  const stranger = await meet("stranger");
  const known = before.flatMap((fact) =>
    fact.kind === "invited" ? (fact as unknown as { codes: { sha256: string }[] }).codes : [],
  );
  expect(known.map(({ sha256 }) => sha256)).toContain(hashOfCode(unused));
  const tried = [
    ...known.flatMap(({ sha256 }) => [sha256.slice(0, 32), sha256.slice(32)]),
    spent,
    ...Array.from({ length: 40 }, newCode),
  ];
  const words = new Set<string>();
  for (const code of tried) words.add(await says(stranger, { code }));
  for (const code of [
    hashOfCode(unused),
    unused.toUpperCase(),
    `${unused}0`,
    "",
    null,
    { sha256: hashOfCode(unused) },
  ])
    words.add(await says(await meet("malformed"), { code }));
  words.add(await says(await meet("without")));
  expect([...words].sort()).toEqual(["code-spent", "malformed", "needs-code", "too-many"]);
  expect(await facts()).toEqual(before);
  expect(await trains(honest)).toBe(body);
  // From the address that guessed, too.
  expect(await says(await meet("late"), { code: unused })).toBe("ok");
});

test("[P38] of many devices with one single-use code at the same moment one is let in, and it alone may deliver", async () => {
  await start("code");
  const code = await invite();
  const crowd = await Promise.all(Array.from({ length: 12 }, (_, i) => meet(`device ${i}`)));
  // Each hello is said twice, so that one races with itself too.
  const answers = await Promise.all(
    crowd.map(async (one) => (await Promise.all([says(one, { code }), says(one, { code })])).join(" ")),
  );
  expect(answers.filter((answer) => answer === "ok ok")).toHaveLength(1);
  expect(answers.filter((answer) => answer === "code-spent code-spent")).toHaveLength(11);
  expect((await facts()).filter(({ kind }) => kind === "admitted")).toHaveLength(1);
  const others = crowd.filter((_, i) => answers[i] !== "ok ok");
  expect(await others[0]!.word(events.ready, { ready: true })).toBe("not-joined");
  expect(await others[0]!.deliver(1, deltaOf(server.state().manifest, "x"))).toBe("not-joined");
});

test("[C17] [C51] whoever was removed comes back neither by its code nor as somebody else, whatever the hurry", async () => {
  await start("code");
  const [code, other] = [await invite(5), await invite(5)];
  const [bad, good] = [await meet("bad"), await meet("good")];
  await bad.join("a", { code });
  await good.join("a", { code });
  const anew = await Promise.all(Array.from({ length: 5 }, (_, i) => meet(`bad as ${i}`)));
  const [removed, ...answers] = await Promise.all([
    act({ kind: "remove", volunteer: idOf("bad") }),
    ...anew.map((one) => says(one, { code })),
  ]);
  expect(removed).toBe("ok");
  // Those that came before the removal are in; the code has let in no more than it had uses, and lets in nobody now.
  expect(answers.filter((answer) => answer === "ok").length).toBeLessThanOrEqual(3);
  expect(await says(await meet("bad"), { code })).toBe("removed");
  expect(await says(await meet("bad"), { code: other })).toBe("removed");
  expect(await says(await meet("bad, once more"), { code })).toBe("code-spent");
  expect(await says(await meet("good"))).toBe("ok");
  expect(await says(await meet("somebody else"), { code: other })).toBe("ok");
});

test("[P39] applicants that flood leave no fact and no more than a list that is bounded; who is honest is approved and trains", async () => {
  const body = await undisturbed("approval");
  await start("approval");
  const honest = await pair("approval");
  await expect.poll(async () => (await facts()).at(-1)?.kind).toBe("opened");
  const before = await facts();
  // On one line as many, and on many lines one each.
  const stranger = await meet("stranger");
  const words = new Set<string>();
  for (let i = 0; i < 100; i++) words.add(await says(stranger, { secret: secretOf(`flood ${i}`) }));
  expect(words).toEqual(new Set(["not-approved", "malformed"]));
  const crowd = await Promise.all(Array.from({ length: 150 }, (_, i) => meet(`crowd ${i}`)));
  expect(new Set(await Promise.all(crowd.map((one) => says(one))))).toEqual(new Set(["not-approved"]));
  expect(await applicants()).toHaveLength(100);
  expect(await stranger.word(events.applicants, { token: "guessed" })).toBe("not-authorised");
  expect(await stranger.word(events.ready, { ready: true })).toBe("not-joined");
  expect(await facts()).toEqual(before);
  for (const one of crowd) one.close();
  await expect.poll(async () => (await applicants()).length).toBe(1);
  expect(await trains(honest)).toBe(body);
});

test("[C52] hello races with its approval and its removal: it is in or out, as the journal says, and never half", async () => {
  await start("approval");
  for (let i = 0; i < 10; i++) {
    const name = `racer ${i}`;
    const [one, volunteer] = [await meet(name), idOf(name)];
    const [first] = await Promise.all([says(one), act({ kind: "approve", volunteer, source: "a" })]);
    expect(["ok", "not-approved"]).toContain(first);
    expect(await says(one)).toBe("ok");
    await Promise.all([act({ kind: "remove", volunteer }), says(one).catch(() => "gone")]);
    expect(await says(await meet(name))).toBe("removed");
  }
  expect(server.state().removed.size).toBe(10);
  expect(await applicants()).toEqual([]);
});
