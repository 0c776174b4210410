// homebody source add, end to end: real volunteers, a run that is stopped in the middle of a round, and one that comes for
// the source that joined.

import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createServer, type RunningServer, stderrLog } from "@homebody/server";
import { startHeadless } from "@homebody/volunteer/node";
import type { View } from "@homebody/volunteer/view";
import { afterEach, beforeEach, expect, test } from "vitest";
import { writeRun } from "../../../test/run-folder.ts";
import { greeting } from "../src/serve.ts";
import { run } from "../src/source.ts";
import { captured } from "./finished-run.ts";

let folder: string;
const ends: (() => Promise<unknown>)[] = [];
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "homebody-source-"));
});
afterEach(async () => {
  for (const end of ends.splice(0).reverse()) await end();
  rmSync(folder, { recursive: true, force: true });
});

const at = (...path: string[]) => join(folder, ...path);
const add = (...more: string[]) => captured(run, ["add", at("data"), ...more]);

async function serve(): Promise<RunningServer> {
  const options = { run: at("run.yaml"), dataDir: at("data"), log: stderrLog("silent") };
  const server = await createServer(options);
  ends.push(() => server.close());
  return server;
}

async function volunteer(url: string, source: string) {
  const common = { url, source, backend: "wasm", threads: 1, show: () => {} } as const;
  const { volunteer } = await startHeadless({ ...common, dataDir: at(`volunteer-${source}`) });
  ends.push(() => volunteer.close());
  return volunteer;
}

async function until(holds: () => boolean): Promise<void> {
  while (!holds()) await new Promise((resolve) => setTimeout(resolve, 10));
}

test.each([
  ["device", "from now on"],
  ["source", "once the round that is under way has ended"],
])("words of the %s: the source joins %s, and its volunteer trains with the others", async (words, when) => {
  writeRun(folder, { rounds: 4, localSteps: 150 });
  const top = `vocabulary: { kind: source }\nwords: ${words}\n`;
  writeFileSync(at("run.yaml"), `${top}${readFileSync(at("run.yaml"), "utf8")}`);
  writeFileSync(at("c.txt"), "iedere tekst blijft thuis\n\n".repeat(60));
  const first = await serve();
  const one = await volunteer(first.url, "a");
  const two = await volunteer(first.url, "b");
  await until(() => first.figures().published >= 1 && first.state().phase.kind === "training");
  await expect(add("--id", "c", "--title", "C", "--language", "nl", "--brought")).rejects.toThrow(
    /^data folder: expected a run at rest: stop its coordinator first/,
  );
  for (const each of [one, two]) await each.close();
  await first.close();
  const atRest = first.state();
  const given = ["--id", "c", "--title", "Nederlands", "--language", "nl", "--train", at("c.txt")];
  const { code, stdout } = await add(...given, "--vocabulary", "290");
  expect([code, stdout]).toEqual([
    0,
    `Nederlands (c) takes part in "test" ${when}: 290 tokens, words of ${words === "source" ? "the source" : "each device"}.\n`,
  ]);

  const second = await serve(); // with the file as it was
  expect(second.state().phase).toMatchObject({ kind: "training", round: atRest.body.number + 1 });
  const said = words === "source" ? "from the next body on" : `since body ${atRest.body.number}`;
  expect(greeting(second, {})).toContain(`  Joined later     Nederlands ${said}`);
  const still = await volunteer(second.url, "a");
  const gone = await volunteer(second.url, "b");
  await until(() => second.figures().published === 2 && second.state().phase.kind === "training");
  await gone.close(); // the third round waits for it until the newcomer is ready for the fourth
  expect(second.state().phase).toMatchObject({ round: 3 });
  const third = await volunteer(second.url, "c");
  const waits = ({ activity }: View) => activity.kind === "waiting" && activity.waiting.for === "next-round";
  await until(() => waits(third.view()));
  const back = await volunteer(second.url, "b");
  await Promise.all([second.finished, ...[still, third, back].map(({ ended }) => ended)]);
  const figures = second.figures();
  expect(figures).toMatchObject({ published: 4, finished: true });
  expect(figures.sources.at(-1)).toMatchObject({ id: "c", title: "Nederlands", vocabulary: 290 });
  expect(figures.manifest.sources.at(-1)).toMatchObject({ id: "c", words });
  const { roundsContributed, scores, ledger } = third.view();
  expect(roundsContributed).toBe(1);
  expect(figures.deltas.filter(({ source }) => source === "c")).toMatchObject([{ round: 4 }]);
  expect(scores.at(-1)!.bitsPerByte).toBeLessThan(scores[0]!.bitsPerByte);
  expect(ledger.sent.phi > 0).toBe(words === "source");
});

test("what the command line says is checked by its options", async () => {
  const of = (...args: string[]) => captured(run, args);
  await expect(of()).rejects.toThrow("source: expected add and one data folder, got nothing");
  await expect(of("remove", "data")).rejects.toThrow(
    "source: expected add and one data folder, got remove data",
  );
  await expect(add("--id", "c")).rejects.toThrow(
    `data folder: expected one that holds a run, got ${at("data")}`,
  );
  writeRun(folder);
  await (await serve()).close();
  const source = ["--id", "c", "--title", "C", "--language", "nl"];
  await expect(add()).rejects.toThrow(
    '--id: expected 1 to 32 of a-z, 0-9 and -, not starting with -, got ""',
  );
  await expect(add("--id", "c", "--title", "C")).rejects.toThrow("--language: expected text, got nothing");
  await expect(add(...source)).rejects.toThrow(
    "--train: expected a file or folder of text to serve, got nothing",
  );
  await expect(add(...source, "--brought", "--vocabulary", "many")).rejects.toThrow(
    '--vocabulary: expected a whole number, got "many"',
  );
  await expect(add(...source, "--brought", "--words", "mine")).rejects.toThrow(
    '--words: expected one of device, source, got "mine"',
  );
  await expect(add(...source, "--brought", "--admission", "closed")).rejects.toThrow(
    '--admission: expected one of open, code, approval, got "closed"',
  );
  await expect(add(...source, "--brought", "--train", at("a.jsonl"))).rejects.toThrow(
    /^--train: expected nothing, since volunteers bring the text/,
  );
});

test("[C50] a source may join that takes whom the host lets in", async () => {
  writeRun(folder);
  await (await serve()).close();
  const given = ["--id", "c", "--title", "C", "--language", "nl", "--brought"];
  expect((await add(...given, "--admission", "approval")).stdout).toMatch(
    /words of each device, for whom you approve\.\n$/,
  );
  const server = await serve();
  expect(server.state().manifest.sources.map(({ admission }) => admission)).toEqual([
    "open",
    "open",
    "approval",
  ]);
});
