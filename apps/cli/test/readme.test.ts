// What the README says of its own example: the run file is read, and the traffic is what the formulas give.

import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { exchangeOf, roundTraffic } from "@homebody/dept";
import { manifestOf } from "@homebody/protocol";
import { parseRunFile } from "@homebody/server";
import { expect, test } from "vitest";
import { run as addSource } from "../src/source.ts";

const readme = readFileSync(join(import.meta.dirname, "..", "..", "..", "README.md"), "utf8");

test("the README's run file is one, and its claim on traffic is what its example gives, up and down", () => {
  const [, yaml] = /```yaml\n([\s\S]*?)```/.exec(readme)!;
  const manifest = manifestOf(parseRunFile(yaml!, "README.md"), new Map());
  const source = manifest.sources.find(({ id }) => id === "es")!;
  // By hand: 4 layers of width 256 (4 x 256 x 256, 3 x 256 x 704, two norms) and the last norm; 2,048 words; 25 steps.
  const body = 4 * (4 * 256 * 256 + 3 * 256 * 704 + 2 * 256) + 256;
  const everyStep = 25 * 4 * (body + 2048 * 256);
  const [up, down] = [body * 2, body * 4]; // fp16 up, float32 down
  const claim = /sends (\d+) times and\s+fetches (\d+) times less/.exec(readme)!;
  expect(claim.slice(1).map(Number)).toEqual([up, down].map((bytes) => Math.round(everyStep / bytes)));
  const traffic = roundTraffic(manifest, source);
  expect(traffic.standardBytes).toBe(everyStep);
  expect(traffic.downBytes).toBe(down);
  const tensors = exchangeOf(manifest).sections[0]!.layout.slots.length;
  expect(traffic.upBytes).toBe(up + 20 + 2 * tensors);
});

test("every choice that the README offers is one that its run file may have", () => {
  const [first, choices] = [...readme.matchAll(/```yaml\n([\s\S]*?)```/g)].map(([, yaml]) => yaml!);
  // Under a vocabulary for all, or one a source, sizes are the run's; brought text then needs a tokenizer.json.
  const plain = first!.replace(/, vocabulary: \d+/g, "").replace(/ {2}- \{ id: minutes.*\n/, "");
  const line = (key: string) => choices!.split("\n").find((one) => one.startsWith(`${key}:`))!;
  const keys = choices!.match(/^[a-zA-Z]+(?=:)/gm);
  expect(keys).toEqual([
    "variant",
    "vocabulary",
    "down",
    "body",
    "overlap",
    "codec",
    "average",
    "review",
    "words",
    "training",
    "training",
    "outer",
    "round",
  ]);
  const read = (...lines: string[]) => parseRunFile(`${lines.join("\n")}\n${plain}`, "README.md");
  for (const variant of ["trim", "glob"])
    expect(read(line("variant").replace("trim", variant), line("vocabulary"))).toMatchObject({
      variant,
      vocabulary: { kind: "global", size: 8192 },
    });
  for (const down of ["int8", "int4"])
    expect(read(line("down").replace("int8", down))).toMatchObject({ down });
  expect(read(line("body")).body).toBe("fp16");
  expect(read(line("overlap")).overlap).toBe("eager");
  const sparse = plain.replace(/^codec:.*$/m, line("codec"));
  expect(parseRunFile(sparse, "README.md").codec).toEqual({ kind: "sparse2", k: 64 });
  for (const rule of ["median", "mean", "multi-krum", "centred-clipping"])
    expect(read(line("average").replace("median", rule)).average).toMatchObject({ rule });
  expect(read().average).toMatchObject({ rule: "trimmed-mean", from: 5 });
  expect(read(line("variant"), line("vocabulary"), line("review")).review).toMatchObject({
    quarantineAfter: 2,
  });
  const source = line("vocabulary").replace("global", "source");
  expect(read(source, line("words")).sources.length).toBe(2);
  const replaced = plain
    .replace(/^outer:.*$/m, line("outer"))
    .replace(/^training:\n/m, "training:\n  fitSteps: 25\n  optimiser: { kind: muon }\n  moments: kept\n")
    .replace("round: { ", "round: { sources: 0.5, ");
  const boxed = plain.replace(/localSteps: 25\n/, "localSteps: 500\n  timeBox: { seconds: 60 }\n");
  expect(choices).toContain("\ntraining: { localSteps: 500, timeBox: { seconds: 60 } }");
  expect(parseRunFile(boxed, "README.md").training).toMatchObject({
    localSteps: 500,
    timeBox: { seconds: 60, leastSteps: 1 },
  });
  expect(line("training")).toContain("{ fitSteps: 25, optimiser: { kind: muon }, moments: kept }");
  expect(line("round")).toContain("{ sources: 0.5 }");
  expect(parseRunFile(replaced, "README.md")).toMatchObject({
    outer: { kind: "adam" },
    training: { fitSteps: 25, optimiser: { kind: "muon" }, moments: "kept" },
    round: { sources: 0.5 },
  });
});

test("the README's way to add a source is what the command takes", async () => {
  const [, command] = /`npm run homebody -- source (add [^`]*)`/.exec(readme)!;
  // All of it is understood: what is missing is the run. Never in a folder where somebody may have one.
  const empty = mkdtempSync(join(tmpdir(), "homebody-readme-"));
  try {
    const args = command!.split(/\s+/).map((arg) => (arg === "./data" ? empty : arg));
    expect(args).toContain(empty);
    await expect(addSource(args)).rejects.toThrow(/^data folder: expected one that holds a run/);
  } finally {
    rmSync(empty, { recursive: true });
  }
});
