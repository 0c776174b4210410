import type { RunManifest } from "@homebody/protocol";
import { expect, test } from "vitest";
import { manifest, source } from "../test/manifests.ts";
import { parameterCounts, roundTraffic, rowMapOf, standardBytes } from "./index.ts";

/** By hand, for the tests' gpt2: 16 wide, one layer with a hidden 32, 300 tokens, 16 positions. */
const theta = 2 * 16 + (16 * 48 + 48) + (16 * 16 + 16) + 2 * 16 + (16 * 32 + 32) + (32 * 16 + 16) + 2 * 16;
const [phi, psi] = [300 * 16, 16 * 16];

test("parameters are counted by group, and phi by source", () => {
  expect(parameterCounts(manifest())).toEqual({ theta, phi: { es: phi, ja: phi }, psi });
});

test("SPEC moves the body alone, GLOB all, TRIM its rows; STD the whole model at each step", () => {
  const of = (variant: RunManifest["variant"], rows: ReturnType<typeof rowMapOf> | null = null) => {
    const run = manifest({ variant, codec: "fp32" });
    return roundTraffic(run, source(run, "es"), rows);
  };
  const headers = 20; // a section's
  const whole = 4 * (theta + phi + psi);
  expect(of("spec")).toEqual({
    upBytes: headers + 4 * theta,
    mayBeFewer: false,
    downBytes: 4 * theta,
    standardBytes: 10 * whole,
  });
  expect(of("glob")).toEqual({
    upBytes: 3 * headers + whole,
    mayBeFewer: false,
    downBytes: whole,
    standardBytes: 10 * whole,
  });
  const rows = rowMapOf(300, [1, 2, 3]);
  expect(of("trim", rows)).toEqual({
    upBytes: 3 * headers + 4 * (theta + 3 * 16 + psi),
    mayBeFewer: false,
    downBytes: whole,
    standardBytes: 10 * 4 * (theta + 3 * 16 + psi),
  });
});

test("a delta has as many bytes at most where its rows are not known, or its codec asks the numbers", () => {
  const of = (options: Parameters<typeof manifest>[0]) => {
    const run = manifest(options);
    const { upBytes, mayBeFewer } = roundTraffic(run, source(run, "es"));
    return { most: upBytes, mayBeFewer };
  };
  expect(of({ variant: "trim", codec: "fp32" })).toEqual({
    ...of({ variant: "glob", codec: "fp32" }),
    mayBeFewer: true,
  });
  const sparse = of({ codec: { kind: "sparse2", k: 64 } });
  expect(sparse.mayBeFewer).toBe(true);
  expect(sparse.most).toBeLessThan(of({ codec: "int2" }).most);
});

test("the paper's 714 times less communication follows from the formulas", () => {
  // Table 1, the 24-block multilingual model: 1.71 B parameters, of which 512.2 M embedding, 500 local steps.
  const counts = { theta: 1_197_800_000, phi: { es: 512_200_000 }, psi: 0 };
  expect(standardBytes(counts, "es", 500)).toBe(1_710_000_000 * 4 * 500);
  expect(Math.round(standardBytes(counts, "es", 500) / (4 * counts.theta))).toBe(714);
});
