// Whole studies of two sources, end to end: on workers, killed in the middle, and what the page says of it.

import { type ChildProcess, spawn } from "node:child_process";
import {
  closeSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { random } from "@homebody/base";
import { afterAll, beforeAll, expect, test } from "vitest";
import type { Row } from "../src/study/job.ts";

let folder: string;
const patience = 240_000;

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "homebody-study-"));
  for (const [id, letters] of [
    ["a", "abcdef"],
    ["b", "uvwxyz"],
    ["c", "клмноп"],
  ] as const) {
    const dice = random(id);
    const word = () => Array.from({ length: 2 + dice.below(3) }, () => letters[dice.below(6)]).join("");
    const words = Array.from({ length: 40 }, word);
    const line = () => {
      const text = Array.from({ length: 30 }, () => words[Math.floor(40 * dice.uniform() ** 2)]).join(" ");
      return `${JSON.stringify({ text })}\n`;
    };
    mkdirSync(join(folder, "corpora", id), { recursive: true });
    for (const [file, count] of [["train.jsonl", 40] as const, ["valid.jsonl", 8] as const])
      writeFileSync(join(folder, "corpora", id, file), Array.from({ length: count }, line).join(""));
  }
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const script = fileURLToPath(new URL("./tiny-study.ts", import.meta.url));

function start(name: string, out: string, seeds = 2): ChildProcess {
  mkdirSync(join(folder, out), { recursive: true });
  const args = ["--import", "tsx", script, name, join(folder, "corpora"), join(folder, out), `${seeds}`];
  const said = openSync(join(folder, out, "stderr"), "a");
  const child = spawn(process.execPath, args, { stdio: ["ignore", "ignore", said] });
  closeSync(said);
  return child;
}

const ended = (child: ChildProcess) =>
  new Promise<number | string | null>((resolve) => {
    const { exitCode, signalCode } = child;
    if (exitCode !== null || signalCode !== null)
      resolve(signalCode ?? exitCode); // before anybody asked
    else child.on("exit", (code, signal) => resolve(signal ?? code));
  });

const read = (out: string, file: string) => readFileSync(join(folder, out, file), "utf8");

function jobsIn(out: string): readonly string[] {
  try {
    return readdirSync(join(folder, out, "dept", "jobs"), { recursive: true })
      .map(String)
      .filter((name) => name.endsWith(".json"));
  } catch {
    return [];
  }
}

const rowsOf = (out: string, name: string): readonly Row[] =>
  read(out, `${name}/results.jsonl`)
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line) as Row);

test(
  "a study that is killed in the middle ends with the results of one that is not",
  async () => {
    const whole = start("dept", "whole");
    const broken = start("dept", "broken");
    while (jobsIn("broken").length < 20 && broken.exitCode === null) await sleep(20);
    broken.kill("SIGKILL");
    expect(await ended(broken)).toBe("SIGKILL");
    const before = jobsIn("broken").length;
    expect(before).toBeGreaterThanOrEqual(20);
    expect(await ended(whole)).toBe(0);
    expect(before).toBeLessThan(jobsIn("whole").length);
    expect(await ended(start("dept", "broken"))).toBe(0);
    expect(read("broken", "dept/results.jsonl")).toBe(read("whole", "dept/results.jsonl"));
    const bodies = (out: string) => JSON.parse(read(out, "dept/provenance.json")) as unknown;
    expect(bodies("broken")).toEqual(bodies("whole"));
    const log = read("broken", "dept/log.jsonl")
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line) as { event: string; job: string });
    const done = log.filter(({ event }) => event === "done").map(({ job }) => job);
    expect(new Set(done).size).toBe(done.length); // nothing that was done was done again
  },
  patience,
);

test("every arm has every number, and the page and the CSV say what the JSON lines say", () => {
  const rows = rowsOf("whole", "dept");
  const page = read("whole", "dept/report.html");
  const arms = [
    "std-0",
    "std-1",
    "act",
    "local-short",
    "std-0-long",
    "std-1-long",
    "local",
    "glob",
    "trim",
    "spec",
    "spec-opt",
    "scratch",
  ];
  expect(new Set(rows.map(({ arm }) => arm))).toEqual(new Set(arms));
  const cells = rowsOfTables(page);
  for (const arm of arms) {
    const of = (source: string) =>
      rows
        .filter(
          (row) =>
            row.arm === arm &&
            row.phase === "random embeddings" &&
            row.source === source &&
            row.measure === "bits per byte",
        )
        .map(({ value }) => value);
    for (const source of ["a", "b", "c"]) {
      const [one, two] = of(source);
      const mean = (one! + two!) / 2;
      expect(mean).toBeGreaterThan(1);
      expect(mean).toBeLessThan(9);
      const sd = Math.abs(one! - two!) / Math.SQRT2;
      expect(
        cells.some((row) => row.includes(`${mean.toFixed(3)}± ${sd.toFixed(3)}`)),
        `${arm} on ${source}`,
      ).toBe(true);
    }
  }
  expect(page).not.toMatch(/NaN|undefined|Infinity|https?:\/\/(?!www\.w3\.org\/2000\/svg)/);
  const csv = read("whole", "dept/results.csv").trim().split("\n");
  expect(csv).toHaveLength(rows.length + 1);
  expect(csv[1]!.split(",").at(-1)).toBe(String(rows[0]!.value));
});

/** The cells of all tables, row by row, as text. */
function rowsOfTables(page: string): string[][] {
  return [...page.matchAll(/<tr>(.*?)<\/tr>/g)].map(([, row]) =>
    [...row!.matchAll(/<t[hd][^>]*>(.*?)<\/t[hd]>/g)].map(([, cell]) => cell!.replace(/<[^>]+>/g, "")),
  );
}

test("training moves every arm below a body that has learnt nothing", () => {
  const rows = rowsOf("whole", "dept");
  const last = (arm: string) =>
    rows.filter((row) => row.arm === arm && row.phase === "rounds" && row.measure === "bits per byte");
  for (const arm of ["glob", "trim", "spec", "spec-opt"]) {
    const steps = last(arm).map(({ step }) => step);
    const meanAt = (at: number) => {
      const values = last(arm)
        .filter(({ step }) => step === at)
        .map(({ value }) => value);
      return values.reduce((sum, value) => sum + value, 0) / values.length;
    };
    expect(meanAt(Math.max(...steps)), arm).toBeLessThan(meanAt(0));
  }
});

test(
  "plasticity finds dept's bodies where they are, and trains none of them again",
  async () => {
    const before = readFileSync(join(folder, "whole", "dept", "jobs", "trained", "glob", "1.json"), "utf8");
    expect(await ended(start("plasticity", "whole"))).toBe(0);
    expect(readFileSync(join(folder, "whole", "dept", "jobs", "trained", "glob", "1.json"), "utf8")).toBe(
      before,
    );
    const log = read("whole", "dept/log.jsonl");
    expect(log.split('"event":"started","job":"trained/glob/1"')).toHaveLength(2);
    const rows = rowsOf("whole", "plasticity").filter(
      ({ phase, arm }) => phase === "unseen" && arm === "spec",
    );
    const curve = rows.filter(({ seed, measure }) => seed === 1 && measure === "bits per byte");
    expect(curve.length).toBeGreaterThanOrEqual(3);
    const area = curve.slice(1).reduce((sum, { step, value }, i) => {
      const from = curve[i]!;
      return sum + (step - from.step) * (value + from.value);
    }, 0);
    const said = rows.find(({ seed, measure }) => seed === 1 && measure.startsWith("mean of the curve"))!;
    expect(said.value).toBeCloseTo(area / 2 / curve.at(-1)!.step, 9);
  },
  patience,
);

test(
  "newcomers: with one volunteer a source, words of sources are words of devices; words that fit begin lower",
  async () => {
    expect(await ended(start("newcomers", "late"))).toBe(0);
    const rows = rowsOf("late", "newcomers");
    const curve = (arm: string, phase = "rounds", source = "a") =>
      rows.filter((row) => row.arm === arm && row.phase === phase && row.source === source && row.seed === 1);
    const [device, source] = [curve("nobody-device"), curve("nobody-source")];
    expect(device.length).toBe(3);
    // What travels is rounded to half precision, and only that differs.
    for (const [i, { value }] of device.entries()) expect(source[i]!.value).toBeCloseTo(value, 2);
    const first = (arm: string) => curve(arm, "rounds of newcomer")[0]!;
    expect(first("volunteer-noise").step).toBe(2);
    expect(first("volunteer-fit").value).toBeLessThan(first("volunteer-noise").value);
    const veteran = curve("volunteer-source").find(({ step }) => step === 2)!;
    expect(first("volunteer-source").value).toBeCloseTo(veteran.value, 9); // the same words, the same rows
    expect(read("late", "newcomers/report.html")).not.toMatch(/NaN|undefined|Infinity/);
  },
  patience,
);

test(
  "sweep: what is measured of a device's own copy is of the round that the mean body ends",
  async () => {
    expect(await ended(start("sweep", "dials"))).toBe(0);
    const rows = rowsOf("dials", "sweep");
    const of = (phase: string) => rows.filter((row) => row.arm === "base" && row.phase === phase);
    expect(of("replicas").map(({ step, source }) => `${step} ${source}`)).toEqual([
      "2 a",
      "2 b",
      "4 a",
      "4 b",
    ]);
    for (const own of of("replicas")) {
      const before = of("rounds").find(({ step, source }) => step === own.step - 2 && source === own.source)!;
      expect(own.value).toBeLessThan(before.value); // its own steps helped it
    }
    const ends = of("fitted").filter(({ source }) => source === "a");
    expect(ends.map(({ step }) => step)).toEqual([1, 2, 5, 10, 20]);
    expect(ends.at(-1)!.value).toBeLessThan(ends[0]!.value);
    expect(read("dials", "sweep/report.html")).not.toMatch(/NaN|undefined|Infinity/);
  },
  patience,
);

test(
  "codecs: fewer bits are fewer bytes, and of half of the volunteers each takes part in half of the rounds",
  async () => {
    expect(await ended(start("codecs", "bytes"))).toBe(0);
    const rows = rowsOf("bytes", "codecs");
    const bytesOf = (arm: string) =>
      rows.find((row) => row.arm === arm && row.measure === "bytes of a delta")!.value;
    const falling = ["fp32", "int8", "int4", "int2", "sparse-64", "sparse-32"].map(bytesOf);
    expect(falling).toEqual([...falling].sort((a, b) => b - a));
    expect(bytesOf("int2-feedback")).toBe(bytesOf("int2"));
    const curve = rows.filter(
      ({ arm, seed, step }) => arm === "sparse-64-feedback-half" && seed === 1 && step === 0,
    );
    expect(curve.length).toBe(2); // of four volunteers
    expect(read("bytes", "codecs/report.html")).not.toMatch(/NaN|undefined|Infinity/);
  },
  patience,
);

test(
  "attacks: honest ones in the attackers' places deliver all, of attacks only what is huge is refused, and every arm is measured by the same ones",
  async () => {
    expect(await ended(start("attacks", "poisoned"))).toBe(0);
    const rows = rowsOf("poisoned", "attacks").filter(({ seed }) => seed === 1);
    const value = (arm: string, measure: string) =>
      rows.find((row) => row.arm === arm && row.measure === measure)?.value;
    const places = (measure: string) =>
      ["honest", "absent", "huge"].map((others) => value(`two/${others}/default`, measure));
    expect(places("accepted")).toEqual([4, 0, 0]);
    expect(places("refused: too-far")).toEqual([undefined, undefined, 4]);
    for (const others of ["sign-flip", "scaled", "one-tensor", "noise", "colluding", "shuffled"])
      expect(value(`two/${others}/mean`, "accepted")).toBe(4);
    const first = rows.filter(
      ({ phase, step, source }) => phase === "rounds" && step === 0 && source === "a",
    );
    expect(first.length).toBe(31);
    const [measured] = first;
    for (const row of first.filter(({ arm }) => arm.startsWith("two/")))
      expect(row.value).toBeCloseTo(measured!.value, 9);
    expect(read("poisoned", "attacks/report.html")).not.toMatch(/NaN|undefined|Infinity/);
  },
  patience,
);

test(
  "distil: all arms read the same texts, what was written is there for its readers, and the mixture is nearest to itself",
  async () => {
    expect(await ended(start("distil", "distilled", 1))).toBe(0);
    const rows = rowsOf("distilled", "distil");
    const bits = (arm: string) => rows.filter((row) => row.arm === arm && row.measure === "bits per byte");
    const passages = (arm: string) => bits(arm).filter(({ phase }) => phase === "passages");
    const texts = ["a", "b", "in turn, in mid-sentence", "c", "written by the mixture"];
    const students = [
      "distilled",
      "distilled-quarter",
      "people",
      "people-all",
      "distilled-moves",
      "people-moves",
    ];
    for (const arm of ["mixture", "single", "glob", ...students])
      expect(
        passages(arm).map(({ source }) => source),
        arm,
      ).toEqual(texts);
    const [own, ...others] = ["mixture", "glob", ...students].map((arm) => passages(arm).at(-1)!.value);
    for (const other of others) expect(other).toBeGreaterThan(own!);
    const parts = rows.filter(
      ({ phase, measure }) => phase.includes("/part-") && measure === "bytes written",
    );
    const files = parts.map((_, i) => read("distilled", `distil/written/1/part-${i + 1}.json`));
    expect(new Set(files).size).toBe(8);
    const sizes = files.map((file) =>
      (JSON.parse(file) as { text: string }[]).reduce((sum, { text }) => sum + Buffer.byteLength(text), 0),
    );
    expect(sizes).toEqual(parts.map(({ value }) => value));
    expect(read("distilled", "distil/report.html")).not.toMatch(/NaN|undefined|Infinity/);
  },
  patience,
);
