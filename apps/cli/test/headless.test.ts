// Real volunteers with a real coordinator, in one process: wasm, sockets, disk.

import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Entry, figuresOf, summary } from "@homebody/coordinator";
import { createServer, type RunningServer, stderrLog } from "@homebody/server";
import { openStore } from "@homebody/store";
import { secretFiles, startHeadless } from "@homebody/volunteer/node";
import type { View } from "@homebody/volunteer/view";
import { afterEach, expect, test } from "vitest";
import { assertMeans } from "../../../test/recompute.ts";
import { writeRun } from "../../../test/run-folder.ts";

const folders: string[] = [];
const ends: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const end of ends.splice(0).reverse()) await end();
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true, force: true });
});

function temporary(): string {
  const folder = mkdtempSync(join(tmpdir(), "homebody-headless-"));
  folders.push(folder);
  return folder;
}

async function serve(folder: string, run: string, port = 0): Promise<RunningServer> {
  const server = await createServer({
    run,
    dataDir: join(folder, "data"),
    port,
    log: stderrLog("silent"),
  });
  ends.push(() => server.close());
  return server;
}

async function volunteer(folder: string, url: string, source: string, show: (view: View) => void = () => {}) {
  const dataDir = join(folder, `volunteer-${source}`);
  mkdirSync(dataDir, { recursive: true });
  // The first words follow from it: runs that are compared begin with the same ones.
  writeFileSync(join(dataDir, secretFiles.words), "7".repeat(64));
  const { volunteer } = await startHeadless({
    url,
    source,
    backend: "wasm",
    threads: 1,
    dataDir,
    snapshotMs: 0,
    show,
  });
  ends.push(() => volunteer.close());
  return volunteer;
}

async function journalOf(url: string): Promise<Entry[]> {
  const response = await fetch(`${url}/api/journal?limit=5000`);
  return ((await response.json()) as { entries: Entry[] }).entries;
}

test("two volunteers, two vocabularies, one body: it learns, and each body is the mean of its deltas", async () => {
  const folder = temporary();
  const server = await serve(folder, writeRun(folder, { keep: "{ deltaRounds: all }", rounds: 3 }));
  const volunteers = [await volunteer(folder, server.url, "a"), await volunteer(folder, server.url, "b")];
  await Promise.all(volunteers.map(({ ended }) => ended));
  await server.finished;
  const entries = await journalOf(server.url);
  expect(figuresOf(entries)).toEqual(server.figures());
  const { rounds, sources } = summary(server.figures());
  expect(rounds).toBe(3);
  for (const id of ["a", "b"]) expect(sources[id]!.last, id).toBeLessThan(0.9 * sources[id]!.first);

  for (const { view } of volunteers) {
    const { ledger, roundsContributed } = view();
    expect(roundsContributed).toBe(3);
    expect(ledger.sent).toMatchObject({ phi: 0, psi: 0 });
    const accepted = server.figures().deltas.filter(({ volunteer }) => volunteer === view().volunteer);
    expect(ledger.sent.theta).toBe(accepted.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0));
  }

  await server.close();
  const store = await openStore({ dataDir: join(folder, "data") });
  expect(await assertMeans(entries, 2, (hash) => store.blobs.get(hash))).toEqual([1, 2, 3]);
  await store.close();
});

test("[V7] a volunteer that is closed in a round goes on in it from its snapshot, and the body is the same", async () => {
  const final = async (interrupted: boolean) => {
    const folder = temporary();
    const server = await serve(
      folder,
      writeRun(folder, { keep: "{ deltaRounds: all }", rounds: 1, localSteps: 12 }),
    );
    const steps: number[] = [];
    let first: Awaited<ReturnType<typeof volunteer>> | undefined;
    const reached = new Promise<void>((resolve) => {
      void volunteer(folder, server.url, "a", ({ activity }) => {
        if (activity.kind !== "working" || activity.task.kind !== "train") return;
        steps.push(activity.task.done);
        if (activity.task.done >= 5) resolve();
      }).then((started) => {
        first = started;
      });
    });
    const other = await volunteer(folder, server.url, "b");
    await reached;
    let last = first!;
    if (interrupted) {
      await first!.close();
      const again: number[] = [];
      last = await volunteer(folder, server.url, "a", ({ activity }) => {
        if (activity.kind === "working" && activity.task.kind === "train") again.push(activity.task.done);
      });
      await last.ended;
      expect(again[0]).toBeGreaterThanOrEqual(5);
    }
    await Promise.all([last.ended, other.ended, server.finished]);
    return server.figures().bodies.at(-1)!.id;
  };
  expect(await final(true)).toBe(await final(false));
});

test("a coordinator that goes away and comes back finds its volunteers, and the run goes on", async () => {
  const folder = temporary();
  const run = writeRun(folder, { keep: "{ deltaRounds: all }", rounds: 3, localSteps: 4 });
  const first = await serve(folder, run);
  const { port } = first;
  const volunteers = [await volunteer(folder, first.url, "a"), await volunteer(folder, first.url, "b")];
  while (first.figures().published < 1) await new Promise((resolve) => setTimeout(resolve, 5));
  await first.close();
  const second = await serve(folder, run, port);
  expect(second.existed).toBe(true);
  await Promise.all([...volunteers.map(({ ended }) => ended), second.finished]);
  expect(second.figures().published).toBe(3);
});
