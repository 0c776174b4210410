// Whole federated rounds through the real replica, the real inbox and the real averaging: against PyTorch's, and in the
// limits in which two variants have to agree.

import { existsSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { type NamedTensors, namedTensors, random } from "@homebody/base";
import { rowMapOf } from "@homebody/dept";
import { checkRunFile, manifestOf, type RunManifest } from "@homebody/protocol";
import { startBackend } from "@homebody/train";
import { beforeAll, describe, expect, test } from "vitest";
import { formsOf, secrets } from "../../../e2e/secrets.ts";
import { type Federation, federate } from "../src/federation.ts";
import { federationOf, measureDept, readDeptCase } from "../src/golden/dept.ts";

const shared = process.env.HOMEBODY_SHARED ?? join(import.meta.dirname, "..", "..", "..", "..", "shared");
const folder = join(shared, "golden");
const present = existsSync(folder);

beforeAll(async () => {
  await startBackend("wasm", { threads: 1 });
});

describe.skipIf(!present)(`PyTorch's rounds${present ? "" : " (absent: set HOMEBODY_SHARED)"}`, () => {
  const files = (name: string) => readDeptCase(name, (file) => readFile(join(folder, name, file)));

  test.each(["dept-glob", "dept-trim", "dept-spec", "dept-glob-nesterov"])("%s", async (name) => {
    const errors = await measureDept(await files(name));
    for (const part of ["body", "tokens", "positions"] as const) expect(errors[part]).toBeLessThan(1e-3);
    expect(errors.losses).toBeLessThan(5e-5);
    expect(errors.movedRows).toBe(0);
  });

  test("dept-spec: not one number of an embedding is in what was sent, and the size is that of the body alone", async () => {
    const given = await files("dept-spec");
    const sent: Uint8Array[] = [];
    const { home, body } = await federate({
      ...federationOf(given),
      sent: (bytes) => sent.push(bytes.slice()),
    });
    const kept = secrets();
    for (const groupsOf of home.values())
      for (const { data } of groupsOf.values())
        for (const [form, bytes] of formsOf(data)) kept.add(form, bytes);
    for (const { name, offset, size } of given.init.layout.slots)
      if (/wte|wpe/.test(name))
        for (const [form, bytes] of formsOf(given.init.data.subarray(offset, offset + size)))
          kept.add(`first ${form}`, bytes);
    expect(kept.size).toBeGreaterThan(1000);
    for (const bytes of sent) expect(kept.found(bytes)).toEqual([]);
    const numbers = [...body.values()].reduce((sum, { data }) => sum + data.length, 0);
    const deltas = given.known.rounds.reduce((sum, { sampled }) => sum + sampled.length, 0);
    expect(sent.reduce((sum, { length }) => sum + length, 0)).toBe(deltas * (20 + 4 * numbers));
  });
});

const vocabulary = 40;

/** Two rounds of a small gpt2 in fp32, on seeded batches of the tokens 0 to 39. */
function federation(
  variant: RunManifest["variant"],
  sources: readonly string[],
  words: RunManifest["words"] = "device",
): Federation {
  const file = checkRunFile({
    name: "limits",
    description: "variants that have to agree",
    model: { family: "gpt2", depth: 1, context: 8, overrides: { width: 16, heads: 2, hidden: 32 } },
    sources: sources.map((id) => ({ id, title: id, language: "en", text: "brought", vocabulary: 300 })),
    training: { localSteps: 3, batch: 2, learningRate: { peak: 0.01, warmupSteps: 0 } },
    codec: "fp32",
    rounds: 2,
  });
  const run = manifestOf(file, new Map());
  const manifest = {
    ...run,
    variant,
    sources: run.sources.map((source) => ({ ...source, vocabulary, words })),
  };
  return {
    manifest,
    // The same for all variants, wherever a group is kept.
    first: (group, layout) => {
      const dice = random(`first ${group}`);
      return namedTensors(
        layout,
        Float32Array.from({ length: layout.size }, () => 0.1 * dice.normal()),
      );
    },
    rowsOf: () => (variant === "trim" ? rowMapOf(vocabulary, Array(vocabulary).keys()) : null),
    rounds: [sources, sources],
    batchOf: (round, source, step) => {
      const dice = random(`${round} ${source} ${step}`);
      const ids = () => Int32Array.from({ length: 16 }, () => dice.below(vocabulary));
      return { inputs: ids(), targets: ids(), rows: 2, context: 8 };
    },
  };
}

/** The norm of the difference over that of the second; GPT-2's key bias, which has no gradient but noise, apart. */
function distance(a: NamedTensors, b: NamedTensors): number {
  let [difference, norm] = [0, 0];
  for (const { name, offset, size } of b.layout.slots)
    for (let i = 0; i < size; i++) {
      if (name.endsWith("attn.c_attn.bias") && i >= size / 3 && i < (size / 3) * 2) continue;
      difference += (a.data[offset + i]! - b.data[offset + i]!) ** 2;
      norm += b.data[offset + i]! ** 2;
    }
  return Math.sqrt(difference / norm);
}

test("TRIM with every vocabulary whole is GLOB, bit for bit", async () => {
  const [trim, glob] = [
    await federate(federation("trim", ["a", "b", "c"])),
    await federate(federation("glob", ["a", "b", "c"])),
  ];
  expect([...trim.body.keys()]).toEqual(["theta", "phi", "psi"]);
  for (const [group, { data }] of glob.body) expect(trim.body.get(group)!.data).toEqual(data);
  expect(trim.losses).toEqual(glob.losses);
});

test("with one volunteer a source, words of the source are words of the device, but for the rounding of a delta", async () => {
  const sources = ["a", "b"];
  const one = (words: RunManifest["words"]) => ({ ...federation("spec", sources, words), rounds: [sources] });
  const [device, shared] = [await federate(one("device")), await federate(one("source"))];
  expect([...shared.body.keys()]).toEqual(["theta", "phi/a", "phi/b", "psi/a", "psi/b"]);
  expect(shared.losses).toEqual(device.losses);
  expect(shared.body.get("theta")!.data).toEqual(device.body.get("theta")!.data);
  for (const source of sources)
    for (const group of ["phi", "psi"] as const) {
      const end = device.home.get(source)!.get(group)!;
      const start = one("source").first!(group, end.layout, source).data;
      // A delta is a difference in float32: what it is of comes back within its rounding, and exactly so.
      const there = end.data.map((value, i) => start[i]! + Math.fround(value - start[i]!));
      expect(shared.body.get(`${group}/${source}`)!.data).toEqual(there);
      expect(there).not.toEqual(start);
    }
  const [later, sharedLater] = [
    await federate(federation("spec", sources)),
    await federate(federation("spec", sources, "source")),
  ];
  expect(distance(sharedLater.body.get("theta")!, later.body.get("theta")!)).toBeLessThan(1e-6);
  for (const source of sources)
    for (const group of ["phi", "psi"] as const) {
      const [own, home] = [sharedLater.body.get(`${group}/${source}`)!, later.home.get(source)!.get(group)!];
      expect(distance(own, home)).toBeLessThan(1e-6);
    }
});

test("with one source SPEC's body is GLOB's, within 1e-6", async () => {
  const [spec, glob] = [await federate(federation("spec", ["a"])), await federate(federation("glob", ["a"]))];
  expect([...spec.body.keys()]).toEqual(["theta"]);
  expect(distance(spec.body.get("theta")!, glob.body.get("theta")!)).toBeLessThan(1e-6);
  for (const group of ["phi", "psi"] as const)
    expect(distance(spec.home.get("a")!.get(group)!, glob.body.get(group)!)).toBeLessThan(1e-6);
  const { layout } = spec.body.get("theta")!;
  const first = federation("spec", ["a"]).first!("theta", layout, null);
  expect(distance(spec.body.get("theta")!, first)).toBeGreaterThan(0.01);
});
