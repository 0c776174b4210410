// The real server, killed at every named point of commit, close and a source's joining and at random times, and started
// again each time.
//
// Two headless volunteers train on wasm all the while; every round waits for both, and nobody comes for the source that joins. In the end the body has to be, bit
// for bit, that of a run that nobody disturbed and what the accepted deltas make, and nothing that was ever in the journal
// may be gone.

import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { random } from "@homebody/base";
import type { Entry } from "@homebody/coordinator";
import { faultPoints } from "@homebody/service";
import { openStore } from "@homebody/store";
import { secretFiles, startHeadless } from "@homebody/volunteer/node";
import { afterEach, expect, test } from "vitest";
import { assertMeans } from "../../../test/recompute.ts";
import { writeRun } from "../../../test/run-folder.ts";
import { coordinator, freePort, journalOf, kill, type Life, pause, until } from "./lives.ts";

const rounds = 120;
const randomKills = 20;

const folders: string[] = [];
const ends: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const end of ends.splice(0).reverse()) await end();
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true, force: true });
});

function live(folder: string, port: number, fault?: string): Life {
  const life = coordinator(folder, port, fault);
  ends.push(() => kill(life));
  return life;
}

async function volunteers(folder: string, url: string) {
  const both = [];
  for (const [source, digit] of [
    ["a", "1"],
    ["b", "2"],
  ] as const) {
    const dataDir = join(folder, `volunteer-${source}`);
    mkdirSync(dataDir, { recursive: true });
    for (const name of Object.values(secretFiles)) writeFileSync(join(dataDir, name), digit.repeat(64));
    const { volunteer } = await startHeadless({
      url,
      source,
      backend: "wasm",
      threads: 1,
      dataDir,
      show: () => {},
    });
    ends.push(() => volunteer.close());
    both.push(volunteer);
  }
  return both;
}

function temporary(): string {
  const folder = mkdtempSync(join(tmpdir(), "homebody-kills-"));
  folders.push(folder);
  writeRun(folder, { rounds, localSteps: 3, keep: "{ deltaRounds: all }" });
  return folder;
}

/** To the run file: the next start joins it. */
function addSource(folder: string): void {
  const path = join(folder, "run.yaml");
  const source = "  - { id: c, title: C, language: en, text: served, train: a.jsonl, vocabulary: 300 }\n";
  writeFileSync(path, readFileSync(path, "utf8").replace("training:", `${source}training:`));
}

const lastBody = (entries: readonly Entry[]) =>
  entries.flatMap(({ fact }) => (fact.kind === "published" ? [fact] : [])).at(-1);

async function undisturbed() {
  const folder = temporary();
  const port = await freePort();
  const url = `http://127.0.0.1:${port}`;
  const life = live(folder, port);
  await until(life, () => journalOf(url));
  const both = await volunteers(folder, url);
  await Promise.all(both.map(({ ended }) => ended));
  return lastBody(await journalOf(url));
}

test("kill -9 at every point of commit, close and joining, and at random: the last body is that of an undisturbed run", async () => {
  const expected = await undisturbed();
  const folder = temporary();
  const port = await freePort();
  const url = `http://127.0.0.1:${port}`;
  const seed = "kills";
  const dice = random(seed);
  let known: Entry[] = [];
  let acceptedAtKills = 0;
  /** What the journal held is still there, in its place. */
  const grown = async () => {
    const entries = await journalOf(url);
    expect(entries.slice(0, known.length)).toEqual(known);
    known = entries;
    return entries;
  };

  let both: Awaited<ReturnType<typeof volunteers>> | undefined;
  for (const point of faultPoints) {
    if (point === "join:before-fact") addSource(folder);
    const life = live(folder, port, point);
    await until(life, grown);
    both ??= await volunteers(folder, url);
    expect(await life.dead, point).toBe("SIGKILL");
  }
  for (let i = 0; i < randomKills; i++) {
    const life = live(folder, port);
    const before = (await until(life, grown))!.length;
    await until(life, async () => ((await grown()).length > before + 1 ? true : undefined));
    await pause(dice.below(60));
    await grown();
    const { fact } = known.at(-1)!;
    expect(fact.kind, `seed ${seed}, kill ${i}: the run has to last`).not.toBe("finished");
    acceptedAtKills += known.filter(({ fact }) => fact.kind === "accepted").length;
    await kill(life);
  }
  const life = live(folder, port);
  await Promise.all(both!.map(({ ended }) => ended));
  await until(life, grown);

  expect(acceptedAtKills).toBeGreaterThan(0);
  expect(known.filter(({ fact }) => fact.kind === "source-added")).toHaveLength(1);
  const accepted = known.flatMap(({ fact }) =>
    fact.kind === "accepted" ? [`${fact.round} ${fact.volunteer}`] : [],
  );
  expect(new Set(accepted).size).toBe(accepted.length);
  expect(accepted).toHaveLength(2 * rounds);
  for (const volunteer of both!) expect(volunteer.view().roundsContributed).toBe(rounds);
  expect(lastBody(known)).toMatchObject({ round: rounds, sections: expected!.sections });

  life.process.kill("SIGINT");
  await life.dead;
  const store = await openStore({ dataDir: join(folder, "data") });
  ends.push(() => store.close());
  const compared = await assertMeans(known, 2, (hash) => store.blobs.get(hash));
  expect(compared).toContain(10);
  expect(compared.at(-1)).toBe(rounds);
});
