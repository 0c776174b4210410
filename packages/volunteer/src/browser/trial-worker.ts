// A trial in a browser: the engine is started here and keeps nothing, not even what it measured of the adapter.

import { systemClock } from "@homebody/clock";
import { engineDevice } from "../device.ts";
import { webNet } from "../net.ts";
import { runTrial } from "../trial/run-trial.ts";
import type { TrialMessage, TrialProgress, TrialRequest } from "../trial/view.ts";
import { fileOf } from "./file.ts";
import { wasmPaths } from "./wasm-paths.ts";

const device = engineDevice("auto", { wasmPaths });
const net = webNet(self.location.origin);
const never = new AbortController().signal;

const post = (message: TrialMessage) => postMessage(message);

/** At most ten a second, but every stage and every point. Without timers: a step may keep this thread to itself. */
function reporter(): (progress: TrialProgress) => void {
  const everyMs = 100;
  let last: { readonly at: number; readonly progress: TrialProgress } | undefined;
  return (progress) => {
    const at = systemClock.elapsed();
    const isNew = last?.progress.stage !== progress.stage || last.progress.curves !== progress.curves;
    if (last !== undefined && !isNew && at - last.at < everyMs) return;
    last = { at, progress };
    post({ kind: "progress", progress });
  };
}

addEventListener("message", ({ data }: MessageEvent<TrialRequest>) => {
  runTrial({
    ...data,
    files: data.files.map(fileOf),
    net,
    device,
    clock: systemClock,
    report: reporter(),
    signal: never,
  }).then(post, (error: unknown) =>
    post({ kind: "failed", message: error instanceof Error ? error.message : String(error) }),
  );
});
