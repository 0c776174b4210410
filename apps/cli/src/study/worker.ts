// A worker's process: one thread that computes, one job at a time. What it is sent and answers is in messages.ts.

import { InputError } from "@homebody/base";
import { modelConfig } from "@homebody/model";
import { startBackend } from "@homebody/train";
import { endWithParent } from "../parent.ts";
import { measuredSpeed } from "./calibrate.ts";
import { folderAt } from "./folder.ts";
import type { FromWorker, ToWorker } from "./messages.ts";
import { perform } from "./perform/index.ts";

const progressMs = 500;

const say = (message: FromWorker) => process.send?.(message);

let started: Promise<unknown> | undefined;

async function answer(message: ToWorker): Promise<FromWorker> {
  started ??= startBackend("wasm", { threads: 1 });
  await started;
  if (message.kind === "calibrate") {
    const { model, batch, vocabularies } = message;
    const speeds: Record<number, number> = {};
    for (const vocabulary of vocabularies)
      speeds[vocabulary] = await measuredSpeed(modelConfig(model, vocabulary), batch);
    return { kind: "calibrated", speeds };
  }
  let toldAt = 0;
  const result = await perform(message.job, folderAt(message.folder), (share) => {
    const now = Date.now();
    if (now - toldAt < progressMs) return;
    toldAt = now;
    say({ kind: "progress", share });
  });
  return { kind: "done", result };
}

endWithParent();
process.channel?.ref(); // it is here to be asked
process.on("message", (message: ToWorker) => {
  answer(message).then(say, (error: unknown) => {
    const { message: text, stack } = error instanceof Error ? error : new Error(String(error));
    const mistake =
      error instanceof InputError ? { where: error.where, expected: error.expected, got: error.got } : null;
    say({ kind: "failed", mistake, message: text, stack: stack ?? text });
  });
});
