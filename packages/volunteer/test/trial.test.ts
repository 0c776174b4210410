// A trial over the ports in memory and the engine on wasm: which body it begins from, what it takes of it, what it says.

import { type NamedTensors, sha256Of } from "@homebody/base";
import { systemClock } from "@homebody/clock";
import { memoryClock } from "@homebody/clock/memory";
import { encodeSection, exchangeOf, firstNumbers, type Section } from "@homebody/dept";
import { scriptedNet } from "@homebody/line/memory";
import { type BodyRef, bodyId, type RunManifest } from "@homebody/protocol";
import { type Device, engineDevice } from "@homebody/volunteer";
import { memoryDevice } from "@homebody/volunteer/memory";
import { expect, test } from "vitest";
import { manifest as manifestOf } from "../../dept/test/manifests.ts";
import { documentsOf, english } from "../../experiment/test/small.ts";
import { runTrial, type TrialInputs } from "../src/trial/run-trial.ts";
import type { SizedFile } from "../src/trial/text.ts";
import { type TrialProgress, type TrialResult, trialStages } from "../src/trial/view.ts";

const device: Device = engineDevice("wasm", { threads: 1 });
const words = documentsOf(english, 130, "trial").join("\n\n");

function fileOf(name: string, text: string): SizedFile {
  const bytes = new TextEncoder().encode(text);
  return { name, size: bytes.length, bytes: async () => bytes };
}

/** Other numbers than the run's first ones. */
function otherNumbers(run: RunManifest): Readonly<Record<string, NamedTensors>> {
  const other = { ...run, training: { ...run.training, seed: 77 } };
  return numbersOf(run, (section) => firstNumbers(other, section));
}

function numbersOf(run: RunManifest, of: (section: Section) => NamedTensors) {
  return Object.fromEntries(exchangeOf(run).sections.map((section) => [section.group, of(section)]));
}

function servedBody(run: RunManifest, numbers: Readonly<Record<string, NamedTensors>>) {
  const net = scriptedNet();
  const sections = exchangeOf(run).sections.map((section) => {
    const bytes = encodeSection(run, 1, section, numbers[section.group]!);
    const sha256 = sha256Of(bytes);
    net.coordinator.files.set(`/bodies/${sha256}`, bytes);
    return { name: section.name, sha256, sizeBytes: bytes.length };
  });
  const asked: string[] = [];
  const download: typeof net.download = (path, ...rest) => {
    asked.push(path);
    return net.download(path, ...rest);
  };
  const body: BodyRef = { number: 1, id: bodyId(sections), sections };
  return { body, net: { download }, asked, files: net.coordinator.files };
}

function trial(
  run: RunManifest,
  served: ReturnType<typeof servedBody>,
  files: SizedFile[],
  pasted = "",
  on: Pick<TrialInputs, "device" | "clock"> = { device, clock: systemClock },
) {
  const told: TrialProgress[] = [];
  const work = runTrial({
    manifest: run,
    ...served,
    files,
    pasted,
    ...on,
    report: (progress) => told.push(progress),
    signal: new AbortController().signal,
  });
  return { work, told };
}

async function resultOf(work: ReturnType<typeof runTrial>): Promise<TrialResult> {
  const outcome = await work;
  if (outcome.kind !== "done") throw new Error(JSON.stringify(outcome));
  return outcome.result;
}

test("both arms learn, step for step, and what is said of them is where their curves end", async () => {
  const run = manifestOf({ variant: "spec", family: "llama" });
  const served = servedBody(run, otherNumbers(run));
  const half = words.length >> 1;
  const { work, told } = trial(run, served, [fileOf("a.txt", words.slice(0, half))], words.slice(half));
  const { curves, plan, last, otherLast, steps, text } = await resultOf(work);
  expect(steps).toBe(plan.steps);
  expect(curves.trained.map(({ step }) => step)).toEqual(curves.random.map(({ step }) => step));
  for (const [arm, end] of [
    ["trained", last],
    ["random", otherLast],
  ] as const) {
    expect(curves[arm]).toHaveLength(17);
    expect(curves[arm].at(-1)!.bitsPerByte).toBe(end);
    expect(end).toBeLessThan(0.7 * curves[arm][0]!.bitsPerByte);
  }
  expect(curves.trained).not.toEqual(curves.random);
  expect(text).toMatchObject({ usedBytes: words.length, givenBytes: words.length });
  expect([...new Set(told.map(({ stage }) => stage))]).toEqual(trialStages);
  expect(told.at(-1)).toMatchObject({ done: 2 * steps, of: 2 * steps, curves });
  expect(served.asked).toEqual([`/bodies/${served.body.sections[0]!.sha256}`]);
});

test.each(["spec", "glob"] as const)(
  "under %s nothing but the body tells the arms apart: with the run's first one their curves are the same",
  async (variant) => {
    const run = manifestOf({ variant });
    const served = servedBody(
      run,
      numbersOf(run, (section) => firstNumbers(run, section)),
    );
    const { curves, last, reachedAfter } = await resultOf(trial(run, served, [fileOf("a.txt", words)]).work);
    expect(curves.trained).toEqual(curves.random);
    const lowest = curves.random.find(({ bitsPerByte }) => bitsPerByte <= last)!;
    expect(reachedAfter).toBeLessThanOrEqual(lowest.step);
  },
);

test.each(["glob", "trim"] as const)(
  "under %s theta and the positions are taken of the body, and never the words",
  async (variant) => {
    const run = manifestOf({ variant });
    const served = servedBody(run, otherNumbers(run));
    const { work } = trial(run, served, [fileOf("a.txt", words)]);
    expect((await work).kind).toBe("done");
    const names = served.asked.map(
      (path) => served.body.sections.find(({ sha256 }) => path.endsWith(sha256))!.name,
    );
    expect(names).toEqual(["theta", "psi"]);
  },
);

/** In virtual time: a device whose step takes so long, from a step on. */
async function timed(stepMs: (step: number) => number) {
  const clock = memoryClock();
  const inner = memoryDevice(clock, { stepMs: 0, evaluateMs: 20 });
  let steps = 0;
  const paced: Device = {
    ...inner,
    trainer: (options) => {
      const trainer = inner.trainer(options);
      return {
        ...trainer,
        step: async (batch, rates) => {
          await clock.sleep(stepMs(steps++));
          return trainer.step(batch, rates);
        },
      };
    },
  };
  const run = manifestOf();
  const files = [fileOf("a.txt", words)];
  const { work, told } = trial(run, servedBody(run, otherNumbers(run)), files, "", { device: paced, clock });
  let isOver = false;
  const result = resultOf(work).finally(() => {
    isOver = true;
  });
  await clock.until("the trial", () => isOver);
  return { result: await result, told };
}

test("how many steps there are follows from the measured speed, and the time left is what it says", async () => {
  const { result, told } = await timed(() => 400);
  const { plan, steps, tookMs } = result;
  expect(steps).toBe(plan.steps);
  expect(steps).toBeGreaterThanOrEqual(96); // 95 s for two arms, of which evaluations take some
  expect(tookMs).toBeGreaterThan(70_000);
  expect(tookMs).toBeLessThan(105_000);
  const learning = told.filter(({ stage }) => stage === "learn");
  const end = learning[0]!.startedAt + tookMs;
  for (const { endsAt } of learning) expect(Math.abs(endsAt! - end)).toBeLessThan(3000);
});

test("a device that is too slow for the batch gets a smaller one and the fewest steps", async () => {
  const { result } = await timed(() => 5000);
  expect(result.plan).toMatchObject({ steps: 48, evaluateEvery: 3 });
  expect(result.curves.trained.length).toBeGreaterThanOrEqual(5); // whatever the time
});

test("a device that gets slower on the way ends in time, both arms after the same steps", async () => {
  const { result } = await timed((step) => (step < 80 ? 400 : 1600));
  const { plan, steps, curves, tookMs } = result;
  expect(steps).toBeLessThan(plan.steps);
  expect(curves.trained.map(({ step }) => step)).toEqual(curves.random.map(({ step }) => step));
  expect(curves.trained.at(-1)!.step).toBe(steps);
  expect(tookMs).toBeGreaterThan(120_000 - 2 * (plan.evaluateEvery * 1600 + 500)); // one turn of each would not fit
  expect(tookMs).toBeLessThanOrEqual(120_000);
});

test("everything that is wrong with the text is said at once, by file, and nothing is asked of the coordinator", async () => {
  const run = manifestOf();
  const served = servedBody(run, otherNumbers(run));
  const broken: SizedFile = { name: "b.txt", size: 4, bytes: async () => Uint8Array.of(0x89, 0, 1, 2) };
  const gone: SizedFile = {
    name: "d.md",
    size: 10,
    bytes: async () => {
      throw new DOMException("The file was moved.", "NotFoundError");
    },
  };
  const lines = fileOf("c.jsonl", '{"text": "fine"}\nnot json\n');
  const huge = { ...fileOf("e.txt", words), size: 65e6 };
  const files = [fileOf("a.txt", words), broken, lines, gone, huge, fileOf("f.txt", " \n")];
  expect(await trial(run, served, files).work).toEqual({
    kind: "refused",
    problems: [
      { file: 1, message: "expected text, got bytes that are none; if it is a text, save it as UTF-8" },
      { file: 2, message: 'line 2: expected JSON such as {"text": "..."}, got not json' },
      { file: 3, message: "expected a file that can be read, got The file was moved." },
      { file: 4, message: "expected at most 64 MB, got 65 MB" },
      { file: 5, message: "expected text, got a file without a word" },
    ],
  });
  expect(served.asked).toEqual([]);
});

test("too little text is refused with what to do; of too much the first part is taken, whole characters alone", async () => {
  const run = manifestOf();
  const served = servedBody(run, otherNumbers(run));
  const few = await trial(run, served, [], words.slice(0, 7_999)).work;
  expect(few).toMatchObject({ kind: "refused", problems: [{ file: null }] });
  expect(few.kind === "refused" && few.problems[0]!.message).toMatch(/7.9 kB .* 8 kB at least.*Add more/);
  served.files.clear(); // it ends where the body would come
  const { work, told } = trial(run, served, [fileOf("long.txt", "語".repeat(700_000))]);
  await expect(work).rejects.toThrow("expected the file, got none");
  expect(told.map(({ stage }) => stage)).toEqual(["read", "engine", "body"]);
});
