// homebody simulate: what it prints is what its journal says.

import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { readEntry, replay } from "@homebody/coordinator";
import { expect, test } from "vitest";

const script = join(import.meta.dirname, "..", "..", "..", "scripts", "homebody.mjs");

const runFile = `
name: simulated
description: served and brought text
model: { family: llama, depth: 1, context: 16, overrides: { width: 16, heads: 2, hidden: 32 } }
sources:
  - { id: es, title: es, language: es, text: served, train: es.txt, vocabulary: 300 }
  - { id: ja, title: ja, language: ja, text: brought, vocabulary: 300 }
training: { localSteps: 5, batch: 2, learningRate: { peak: 0.01 } }
rounds: 7
round: { minimum: 3, deadlineSeconds: 60, evaluationSeconds: 30 }
heldOut: { sampleRows: 4 }
`;

test("simulate: the last line has the hashes of the journal that it writes and of the body that is in it", {
  timeout: 60_000,
}, () => {
  const folder = mkdtempSync(join(tmpdir(), "homebody-simulate-"));
  try {
    writeFileSync(join(folder, "run.yaml"), runFile);
    writeFileSync(join(folder, "es.txt"), "un texto que viaja poco a poco\n".repeat(60));
    const journal = join(folder, "journal.jsonl");
    const asked = ["--volunteers", "8", "--rounds", "2", "--seed", "5", "--stub-training"];
    const { stdout, stderr, status } = spawnSync(
      process.execPath,
      [script, "simulate", join(folder, "run.yaml"), ...asked, "--journal", journal],
      { encoding: "utf8" },
    );
    expect(status, stderr).toBe(0);
    const result = JSON.parse(stdout.trim().split("\n").at(-1)!);
    const bytes = readFileSync(journal);
    const entries = bytes
      .toString("utf8")
      .trim()
      .split("\n")
      .map((line) => readEntry(JSON.parse(line)));
    const state = replay(entries)!;
    expect(result).toEqual({
      ...{ seed: 5, volunteers: 8, rounds: 2 },
      accepted: entries.filter(({ fact }) => fact.kind === "accepted").length,
      journal: createHash("sha256").update(bytes).digest("hex"),
      body: state.body.id,
      ...{ virtualSeconds: expect.any(Number), wallSeconds: expect.any(Number) },
    });
    expect([state.phase.kind, state.body.number]).toEqual(["finished", 2]);
    expect(result.accepted).toBeGreaterThan(3);
  } finally {
    rmSync(folder, { recursive: true });
  }
});
