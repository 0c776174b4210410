// Fifty volunteers with the sparse codec and error feedback, in two processes, and a real coordinator: all three are killed again and
// again. In the end the body, and what every volunteer carries on, have to be, bit for bit, those of a run that nobody disturbed.

import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { random } from "@homebody/base";
import type { Entry } from "@homebody/coordinator";
import { afterEach, expect, test } from "vitest";
import { residualHash } from "../../../packages/sim/test/fuzz/carried.ts";
import { decodeStored } from "../../../packages/volunteer/src/stored-file.ts";
import { writeRun } from "../../../test/run-folder.ts";
import { coordinator, freePort, journalOf, kill, type Life, live, pause, until } from "./lives.ts";

const volunteers = 50;
const rounds = 4;
const kills = 4;
const crowds = [
  [0, volunteers / 2],
  [volunteers / 2, volunteers],
] as const;

const folders: string[] = [];
const lives = new Set<Life>();
afterEach(async () => {
  await Promise.all([...lives].map(kill));
  lives.clear();
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true, force: true });
});

/** A run with its coordinator and its volunteers, all of which are alive. */
async function federation() {
  const folder = mkdtempSync(join(tmpdir(), "homebody-crowd-"));
  folders.push(folder);
  writeRun(folder, {
    rounds,
    localSteps: 3,
    round: `{ minimum: ${volunteers}, quorum: all, deadlineSeconds: 3600, evaluationSeconds: 3600, minimumSeconds: 0 }`,
    more: ["codec: { kind: sparse2, k: 64 }", "hold: off"],
  });
  const port = await freePort();
  const url = `http://127.0.0.1:${port}`;
  const born = (life: Life) => {
    lives.add(life);
    return life;
  };
  const host = () => born(coordinator(folder, port));
  const crowd = ([first, last]: readonly [number, number]) =>
    born(live(join(import.meta.dirname, "crowd.ts"), [url, folder, String(first), String(last)]));
  const server = host();
  await until(server, () => journalOf(url));
  const members = [server, ...crowds.map(crowd)];
  return {
    journal: () => journalOf(url),
    /** One of the processes dies, and comes back. */
    async kill(which: number): Promise<void> {
      await kill(members[which]!);
      lives.delete(members[which]!);
      members[which] = which === 0 ? host() : crowd(crowds[which - 1]!);
    },
    /** Resolves once all volunteers have ended; then the last body, and what each volunteer has left. */
    async outcome() {
      for (const { dead } of members.slice(1)) expect(await dead).toBeNull();
      const entries = await journalOf(url);
      const residuals = Array.from({ length: volunteers }, (_, i) =>
        residualIn(join(folder, `volunteer-${i}`)),
      );
      return { body: lastBody(entries), entries, residuals };
    },
  };
}

function residualIn(folder: string) {
  return residualHash(decodeStored(readFileSync(join(folder, "home.safetensors")), folder));
}

const lastBody = (entries: readonly Entry[]) =>
  entries.flatMap(({ fact }) => (fact.kind === "published" ? [fact.sections] : [])).at(-1);

test("[C3] [V47] [V48] fifty volunteers and their coordinator are killed: the last body and every residual are those of an undisturbed run", async () => {
  const beside = (await federation()).outcome();
  const disturbed = await federation();
  const dice = random("crowd");
  let known = 0;
  for (let i = 0; i < kills; i++) {
    const goal = known + 1 + dice.below(volunteers / 2);
    let entries: readonly Entry[] = [];
    while (entries.length < goal) {
      await pause(50);
      entries = await disturbed.journal().catch(() => []);
    }
    known = entries.length;
    expect(entries.at(-1)!.fact.kind, `kill ${i}: the run has to last`).not.toBe("finished");
    await disturbed.kill(i % 3);
  }
  const { body, entries, residuals } = await disturbed.outcome();
  const undisturbed = await beside;
  expect(new Set(undisturbed.residuals).size).toBe(volunteers);
  expect(undisturbed.residuals).not.toContain(null);
  expect(entries.filter(({ fact }) => fact.kind === "accepted")).toHaveLength(volunteers * rounds);
  expect(body).toEqual(undisturbed.body);
  expect(residuals).toEqual(undisturbed.residuals);
});
