import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { expect, test } from "vitest";

const script = join(import.meta.dirname, "..", "..", "..", "scripts", "homebody.mjs");
const bench = (...args: string[]) =>
  spawnSync(process.execPath, [script, "bench", ...args], { encoding: "utf8" });

/** What each line says that such a bench writes. */
function written(...args: string[]) {
  const { stdout, stderr, status } = bench(...args);
  expect(status, stderr).toBe(0);
  return stdout
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line));
}

test("bench engine: one line of JSON, a row for each who trained", { timeout: 60_000 }, () => {
  const lines = written("engine", "--config", "tiny", "--steps", "3", "--threads", "2", "--json");
  expect(lines).toHaveLength(1);
  const [row, ...others] = lines[0];
  expect(others).toEqual([]);
  expect(row).toMatchObject({ name: "homebody", backend: "wasm", config: "tiny", steps: 3, threads: 2 });
  for (const name of ["tokensPerSecond", "msPerStep", "dispatches", "tensorBytes", "peakProcessBytes"])
    expect(row[name], name).toBeGreaterThan(0);
  expect(row.matmulShare).toBeLessThan(1);
  expect(row.losses[1]).toBeLessThan(row.losses[0]);
});

test("bench growth: what is held after each tenth of the steps is the same", { timeout: 60_000 }, () => {
  const marks = written("growth", "--backend", "wasm", "--steps", "50");
  expect(marks).toHaveLength(10);
  expect(new Set(marks.map(({ tensorBytes }) => tensorBytes)).size).toBe(1);
});

test("bench sampling: with an eighth of the context read, a half and all, what the next token costs both ways", {
  timeout: 60_000,
}, () => {
  const rows = written("sampling", "--config", "tiny", "--steps", "3");
  expect(rows.map(({ tokens }) => tokens)).toEqual([8, 32, 64]);
  for (const { keptMs, anewMs, ratio } of rows) expect(ratio).toBeCloseTo(anewMs / keptMs, 9);
});

test("bench core: one line of JSON, a row for each round, whose parts add up to it", {
  timeout: 60_000,
}, () => {
  const lines = written("core", "--volunteers", "9", "--json");
  expect(lines).toHaveLength(1);
  const rows: Record<string, number>[] = lines[0];
  expect(rows.map(({ volunteers, round }) => [volunteers, round])).toEqual([1, 2, 10].map((r) => [9, r]));
  for (const { secondsPerRound, volunteers: _, round: _r, ...parts } of rows) {
    expect(Object.keys(parts)).toEqual(["decide", "evolve", "announce", "figures"]);
    for (const seconds of Object.values(parts)) expect(seconds).toBeGreaterThan(0);
    expect(secondsPerRound).toBeCloseTo(
      Object.values(parts).reduce((a, b) => a + b),
      9,
    );
  }
});

test("what bench does not know is an error that says what it knows", () => {
  expect(bench("engine", "--config", "huge").stderr).toContain("reference, small, base, large");
  expect(bench("speed").stderr).toContain(
    "engine, growth, core, coordinator, journal, closing, watchers, wire, overlap, link, sampling or half FILE",
  );
});

test("bench journal: one line, and a snapshot that gives what the journal gives", { timeout: 60_000 }, () => {
  const lines = written("journal", "--entries", "2000");
  expect(lines).toHaveLength(1);
  const { entries, rounds, volunteers, ...measured } = lines[0];
  expect(entries).toBeGreaterThanOrEqual(2000);
  expect(rounds * (2 * volunteers + 3)).toBeGreaterThanOrEqual(2000);
  expect(Object.keys(measured)).toEqual([
    "replaySeconds",
    "snapshotSeconds",
    "snapshotBytes",
    "figuresBytes",
    "heapBytesAt100",
    "heapBytes",
    "formats",
  ]);
  expect(measured.formats.map(({ name }: { name: string }) => name)).toEqual(["jsonl", "csv", "tfevents"]);
  for (const { sizeBytes } of measured.formats) expect(sizeBytes).toBeGreaterThan(2000);
});

test("bench closing: the mean and a new run's rule, in a thread and on the loop, of the same round", {
  timeout: 60_000,
}, () => {
  const rows = written("closing", "--parameters", "50000", "--volunteers", "5");
  expect(rows.map(({ where, rule, volunteers }) => [where, rule, volunteers])).toEqual([
    ["thread", "mean", 5],
    ["thread", "trimmed-mean", 5],
    ["loop", "mean", 5],
    ["loop", "trimmed-mean", 5],
  ]);
  for (const { parameters, seconds, timesMean, delayMost } of rows) {
    expect(timesMean).toBeGreaterThan(0);
    expect(parameters / 50_000).toBeCloseTo(1, 0);
    expect(Math.min(seconds, delayMost)).toBeGreaterThan(0);
  }
});

test.each([5000, 200_000])(
  "bench coordinator: one line of JSON, a row of rounds with deltas of %d bytes that all count",
  { timeout: 60_000 },
  (bytes) => {
    const options = `--volunteers 6 --processes 2 --rounds 2 --bytes ${bytes} --json`;
    const lines = written("coordinator", ...options.split(" "));
    expect(lines).toHaveLength(1);
    const [row, ...others] = lines[0];
    expect(others).toEqual([]);
    expect(row.volunteers).toBe(6);
    expect(row.deltaBytes / bytes).toBeCloseTo(1, 1);
    expect(row.ofEcho).toBeCloseTo(row.acceptedPerSecond / row.echoPerSecond, 9);
    expect(row.ofEquippedEcho).toBeCloseTo(row.acceptedPerSecond / row.equippedEchoPerSecond, 9);
    expect(row.commitP99Ms).toBeGreaterThanOrEqual(row.commitP50Ms);
    for (const [name, value] of Object.entries(row)) expect(value, name).toBeGreaterThan(0);
  },
);
