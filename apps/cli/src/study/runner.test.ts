import { InputError } from "@homebody/base";
import { expect, test } from "vitest";
import { type Job, type JobResult, nextJob, requireOrder } from "./job.ts";
import { type LogEvent, type Progress, type Results, runJobs, type Worker } from "./runner.ts";

const job = (id: string, after: readonly string[] = [], tokens = 1): Job => ({
  id,
  after,
  work: { kind: "tokenizer", name: id, folders: [], vocabulary: 257, bytesEach: 1 },
  loads: [{ vocabulary: 257, tokens }],
});
const secondsOf = ({ loads }: Job) => loads[0]!.tokens;

const diamond = [job("a"), job("b", ["a"], 5), job("c", ["a"], 1), job("d", ["b", "c"]), job("e", [], 3)];

function memoryResults(): Results & { readonly made: Map<string, JobResult>; readonly events: LogEvent[] } {
  const made = new Map<string, JobResult>();
  const events: LogEvent[] = [];
  return {
    made,
    events,
    read: async (id) => made.get(id),
    write: async (result) => void made.set(result.id, result),
    log: async (event) => void events.push(event),
  };
}

/** Workers that take turns of their own; `order` has starts and ends. */
function workers(count: number, order: string[], fails: (id: string) => boolean = () => false): Worker[] {
  const one: Worker = {
    perform: async ({ id }, progress) => {
      order.push(`+${id}`);
      progress(0.5);
      for (let i = 0; i < 3; i++) await Promise.resolve();
      if (fails(id)) throw new InputError(id, "luck", "none");
      order.push(`-${id}`);
      return { id, rows: [], provenance: {}, seconds: 1 };
    },
    close: async () => {},
  };
  return Array.from({ length: count }, () => one);
}

const inputs = (order: string[], count = 2, fails?: (id: string) => boolean) => {
  const results = memoryResults();
  const progress: Progress[] = [];
  const signal = new AbortController().signal;
  return {
    results,
    progress,
    run: {
      workers: workers(count, order, fails),
      results,
      secondsOf,
      progress: (p: Progress) => void progress.push(p),
      signal,
    },
  };
};

test("no job begins before those that it waits for have ended, and each is done once", async () => {
  const order: string[] = [];
  const { run, results, progress } = inputs(order);
  const made = await runJobs(diamond, run);
  expect([...made.keys()].sort()).toEqual(["a", "b", "c", "d", "e"]);
  for (const { id, after } of diamond) {
    expect(order.filter((entry) => entry === `+${id}`)).toHaveLength(1);
    for (const other of after) expect(order.indexOf(`-${other}`)).toBeLessThan(order.indexOf(`+${id}`));
  }
  expect(results.events.filter(({ event }) => event === "done")).toHaveLength(5);
  expect(progress.at(-1)).toMatchObject({ done: 5, of: 5, secondsLeft: 0 });
});

test("the job that most waits behind begins first", () => {
  expect(nextJob(diamond, new Set(), new Set(), secondsOf)!.id).toBe("a"); // 1 + 5 + 1 behind it, e has 3
  expect(nextJob(diamond, new Set(["a"]), new Set(), secondsOf)!.id).toBe("b");
  expect(nextJob(diamond, new Set(["a"]), new Set(["b"]), secondsOf)!.id).toBe("e");
  expect(nextJob(diamond, new Set(["a", "b", "c", "d"]), new Set(["e"]), secondsOf)).toBeNull();
});

test("what has a result is not done again", async () => {
  const order: string[] = [];
  const { run, results } = inputs(order);
  for (const id of ["a", "b"]) results.made.set(id, { id, rows: [], provenance: {}, seconds: 1 });
  expect((await runJobs(diamond, run)).size).toBe(5);
  expect(order.filter((entry) => entry.startsWith("+")).sort()).toEqual(["+c", "+d", "+e"]);
});

test("a job that fails ends the run with what it said; what others have made stays", async () => {
  const order: string[] = [];
  const { run, results } = inputs(order, 2, (id) => id === "b");
  await expect(runJobs(diamond, run)).rejects.toThrow("b: expected luck, got none");
  expect(results.made.has("a")).toBe(true);
  expect(results.made.has("d")).toBe(false);
  expect(results.events).toContainEqual({ event: "failed", job: "b", message: "b: expected luck, got none" });
});

test("a run that is stopped says so, and makes no result of what its workers left", async () => {
  const order: string[] = [];
  const { run, results } = inputs(order, 1);
  const controller = new AbortController();
  const stopping: Worker = {
    ...run.workers[0]!,
    perform: async () => {
      controller.abort();
      throw new Error("killed");
    },
  };
  const stopped = runJobs(diamond, { ...run, workers: [stopping], signal: controller.signal });
  await expect(stopped).rejects.toThrow(/abort/i);
  expect(results.made.size).toBe(0);
  expect(results.events.map(({ event }) => event)).toEqual(["started"]);
});

test("jobs that wait for each other, or for none, are refused", () => {
  expect(() => requireOrder([job("a", ["b"]), job("b", ["a"])])).toThrow(/a, b/);
  expect(() => requireOrder([job("a", ["z"])])).toThrow(/a job z/);
  expect(() => requireOrder([job("a"), job("a")])).toThrow(InputError);
  requireOrder(diamond);
});
