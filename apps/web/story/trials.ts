// Scenes of a trial: each state of the page where a body is tried.

import { millis } from "@homebody/base";
import type { TrialCurves, TrialProgress, TrialResult } from "@homebody/volunteer/trial";
import { tooLittle } from "@homebody/volunteer/trial";
import { type TrialState, untried } from "../src/try/trial.ts";

const file = (name: string, size: number) => new File(["x".repeat(size)], name, { lastModified: 1 });

const text = {
  files: [file("Großmutters Briefe 1951 bis 1963, abgeschrieben.txt", 412_000), file("chronik.md", 96_300)],
  pasted: "",
};

const device = { backend: "webgpu", adapter: "Apple M2 (Metal)", threads: 1, fallback: null } as const;
const onProcessor = {
  backend: "wasm",
  adapter: "WebAssembly SIMD",
  threads: 4,
  fallback: "This browser has no WebGPU.",
} as const;
const used = { usedBytes: 508_300, givenBytes: 508_300, vocabulary: 2048, heldOutBytes: 74_900 };

const plan = { steps: 208, evaluateEvery: 13, expectedMs: 88_000 };

/** Falls from 3.9 by so much, so fast. */
function curve(points: number, fall: number, speed: number) {
  return Array.from({ length: points }, (_, i) => ({
    step: 13 * i,
    bitsPerByte: 3.9 - fall * (1 - Math.exp(-i * speed)) + (i > 0 ? 0.02 * Math.sin(7 * i) : 0),
  }));
}

function curves(trained: number, random = trained, speed = 0.26): TrialCurves {
  return { trained: curve(trained, 1.62, speed), random: curve(random, 1.35, 0.2) };
}

function progress(change: Partial<TrialProgress>): TrialState {
  const now = Date.now();
  return {
    text,
    phase: {
      kind: "running",
      body: 14,
      progress: {
        stage: "read",
        done: 0,
        of: 0,
        startedAt: millis(now - 9000),
        endsAt: null,
        device,
        text: null,
        plan: null,
        curves: { trained: [], random: [] },
        ...change,
      },
    },
  };
}

function done(change: Partial<TrialResult> = {}): TrialState {
  const shown = change.curves ?? curves(17);
  const [last, otherLast] = [shown.trained.at(-1)!.bitsPerByte, shown.random.at(-1)!.bitsPerByte];
  const result = { steps: 208, last, otherLast, reachedAfter: 84, device, text: used, plan, tookMs: 104_000 };
  return { text, phase: { kind: "done", body: 14, result: { ...result, curves: shown, ...change } } };
}

export const trials = {
  untried: () => untried,
  chosen: (): TrialState => ({ ...untried, text }),
  refused: (): TrialState => ({
    text: { files: [...text.files, new File(["%PDF-1.7"], "scan.txt")], pasted: "" },
    phase: { kind: "choosing", problems: [] },
  }),
  little: (): TrialState => ({
    text: { files: [file("minutes.md", 6_300)], pasted: "" },
    phase: { kind: "choosing", problems: [{ file: null, message: tooLittle(6_300) }] },
  }),
  body: () => progress({ stage: "body", done: 2_700_000, of: 4_200_000 }),
  learning: () =>
    progress({
      stage: "learn",
      done: 254,
      of: 416,
      endsAt: millis(Date.now() + 37_000),
      device: onProcessor,
      text: used,
      plan,
      curves: curves(11, 10),
    }),
  done: () => done({ text: { ...used, givenBytes: 31_000_000, usedBytes: 2_000_000 } }),
  level: () =>
    done({
      curves: { trained: curve(17, 1.352, 0.21), random: curve(17, 1.35, 0.2) },
      reachedAfter: 196,
      device: onProcessor,
    }),
  behind: () =>
    done({
      curves: { trained: curve(17, 1.2, 0.2), random: curve(17, 1.35, 0.2) },
      reachedAfter: null,
    }),
  failed: (): TrialState => ({
    text,
    phase: { kind: "failed", message: "the graphics device was lost: it was reset by the driver" },
  }),
} as const satisfies Record<string, () => TrialState>;
