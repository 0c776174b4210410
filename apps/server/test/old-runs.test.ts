// Folders that older versions wrote: opened as they are, whatever the defaults of today are.

import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { decodeSafetensors, float32Tensors, type Sha256, sha256Of } from "@homebody/base";
import { decodeDelta } from "@homebody/codec";
import { type Entry, type Fact, readEntry } from "@homebody/coordinator";
import { afterEach, beforeEach, expect, test } from "vitest";
import { deltaOf } from "../../../test/deltas.ts";
import { assertMeans } from "../../../test/recompute.ts";
import { createServer, loadRunFile, type RunningServer, stderrLog } from "../src/index.ts";
import { client } from "./client.ts";

const fixtures = fileURLToPath(new URL("../../../test/fixtures/runs/", import.meta.url));
let folder: string;
let server: RunningServer | undefined;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "homebody-old-"));
});
afterEach(async () => {
  await server?.close();
  server = undefined;
  rmSync(folder, { recursive: true, force: true });
});

async function open(name: string, change: (text: string) => string = (text) => text): Promise<RunningServer> {
  cpSync(join(fixtures, name), folder, { recursive: true });
  const run = join(folder, "run.yaml");
  writeFileSync(run, change(readFileSync(run, "utf8")));
  return serve();
}

async function serve(): Promise<RunningServer> {
  const [run, dataDir] = [join(folder, "run.yaml"), join(folder, "state")];
  server = await createServer({ run, dataDir, log: stderrLog("silent") });
  return server;
}

async function journal({ url }: RunningServer): Promise<Entry[]> {
  const response = await fetch(`${url}/api/journal?limit=5000`);
  return ((await response.json()) as { entries: unknown[] }).entries.map((entry) => readEntry(entry));
}

const blob = async (hash: Sha256) =>
  new Uint8Array(readFileSync(join(folder, "state", "blobs", hash.slice(0, 2), hash)));
const numbers = async (hash: Sha256) => float32Tensors(decodeSafetensors(await blob(hash)));
const of = <K extends Fact["kind"]>(entries: readonly Entry[], kind: K) =>
  entries.flatMap(({ fact }) => (fact.kind === kind ? [fact as Extract<Fact, { kind: K }>] : []));

test.each([
  ["v1-averaging", "13d8d8efd291cad8c5469ca9b48547f55525cb17495713f9531cc9ea9e0f8127"],
  ["v1-nesterov", "a7ca41100ec6c432f3cb8b18a98ef0826c410aaaf0e276077f125dcfabd88caa"],
])("%s: it opens where it was, under its id, and every blob is what the journal says", async (name, run) => {
  const opened = await open(name);
  expect(opened.existed).toBe(true);
  expect(opened.run).toBe(run);
  expect(opened.state()).toMatchObject({ phase: { kind: "training", round: 3 }, body: { number: 2 } });
  const entries = await journal(opened);
  for (const { sections } of [...of(entries, "created"), ...of(entries, "published")])
    for (const { sha256 } of sections) {
      const response = await fetch(`${opened.url}/bodies/${sha256}`);
      expect(sha256Of(new Uint8Array(await response.arrayBuffer()))).toBe(sha256);
    }
  for (const { delta } of of(entries, "accepted")) expect(sha256Of(await blob(delta))).toBe(delta);
  expect((await (await fetch(`${opened.url}/healthz`)).json()).homebody).toMatch(/^\d+\.\d+\.\d+$/);
});

test("v1-averaging: its earlier bodies are the means of its deltas", async () => {
  expect(await assertMeans(await journal(await open("v1-averaging")), 2, blob)).toEqual([1, 2]);
});

test("v1-nesterov: its earlier bodies, and what momentum it kept, follow from its deltas", async () => {
  const entries = await journal(await open("v1-nesterov"));
  const first = of(entries, "created")[0]!.sections[0]!;
  const { layout, data } = await numbers(first.sha256);
  let body = data;
  let last: readonly { readonly sha256: Sha256 }[] = [];
  let momentum = new Float64Array(data.length);
  for (const { round, sections, outer } of of(entries, "published")) {
    const deltas = of(entries, "accepted").filter((one) => one.round === round);
    const decoded = await Promise.all(
      deltas.map(
        async ({ delta }) => decodeDelta(await blob(delta), [{ codec: "fp32", layout }])[0]!.numbers.data,
      ),
    );
    // m <- 0.9 m + g, body <- body - 0.7 (g + 0.9 m), of g = -mean (DiLoCo, 2311.08105).
    const gradient = Float64Array.from(body, (_, i) => -(decoded[0]![i]! + decoded[1]![i]!) / 2);
    momentum = momentum.map((m, i) => 0.9 * m + gradient[i]!);
    const next = body.map((x, i) => x - 0.7 * (gradient[i]! + 0.9 * momentum[i]!));
    const published = await numbers(sections[0]!.sha256);
    for (const [i, x] of next.entries()) expect(Math.abs(published.data[i]! - x)).toBeLessThan(1e-6);
    body = published.data;
    last = outer;
  }
  const kept = await numbers(last[0]!.sha256);
  for (const [i, m] of momentum.entries()) expect(Math.abs(kept.data[i]! - m)).toBeLessThan(1e-6);
});

test("what the file leaves out stays as the run was created, also where today's defaults are others", async () => {
  cpSync(join(fixtures, "v1-averaging"), folder, { recursive: true });
  const loaded = await loadRunFile(join(folder, "run.yaml"));
  // As a later Homebody would read the same file: with other defaults, and with a key that this one does not know.
  const { training, round } = loaded.file;
  const file = {
    ...loaded.file,
    codec: "fp32" as const,
    weighting: "tokens" as const,
    host: "another default",
    training: { ...training, betas: [0.5, 0.6] as [number, number], clip: 9, aNewKey: 1 },
    round: { ...round, graceSeconds: 77 },
  };
  const options = { dataDir: join(folder, "state"), log: stderrLog("silent") };
  server = await createServer({ run: { ...loaded, file }, ...options });
  const { manifest } = server.state();
  expect(manifest).toMatchObject({ codec: "fp16", weighting: "equal", host: "an unnamed host" });
  expect(manifest.training).toMatchObject({ betas: [0.9, 0.95], clip: 1 });
  expect(manifest.training).not.toHaveProperty("aNewKey");
  expect(manifest.round).toMatchObject({ graceSeconds: 10, minimum: 2 });
  expect(server.run).toBe("13d8d8efd291cad8c5469ca9b48547f55525cb17495713f9531cc9ea9e0f8127");
  expect(of(await journal(server), "changed")).toEqual([]);
  // Its own volunteer goes on as it did, with a delta in the run's codec.
  const secret = readFileSync(join(folder, "volunteers", "a", "identity"), "utf8");
  const one = await client(server.url, "a");
  expect((await one.hello("a", { secret })).ok).toBe(true);
  expect(await one.deliver(3, deltaOf({ ...manifest, codec: "fp32" }, "new default"))).toBe("wrong-size");
  expect(await one.deliver(3, deltaOf({ ...manifest, codec: "fp16" }, "as it was"))).toBe("ok");
  one.close();
});

test("what is written in the file counts: another value is refused by its key, a change of what may change is a fact", async () => {
  await expect(open("v1-averaging", (text) => text.replace("batch: 4", "batch: 5"))).rejects.toMatchObject({
    name: "RunMismatch",
    keys: ["training.batch"],
  });
  const opened = await open("v1-averaging", (text) => text.replace("rounds: 4", "rounds: 6"));
  expect(opened.figures().rounds).toBe(6);
  expect(of(await journal(opened), "changed")).toMatchObject([{ schema: 3, manifest: { rounds: 6 } }]);
  await opened.close();
  expect((await serve()).figures().rounds).toBe(6);
});
