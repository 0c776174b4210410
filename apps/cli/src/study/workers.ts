// Workers as processes of this machine: each has a core, and ends when the study does.

import { type ChildProcess, fork } from "node:child_process";
import { fileURLToPath } from "node:url";
import { InputError } from "@homebody/base";
import type { ModelDial } from "@homebody/model";
import type { FromWorker, ToWorker } from "./messages.ts";
import type { Worker } from "./runner.ts";

export interface ProcessWorker extends Worker {
  /** Tokens a second, by vocabulary. */
  measure(
    model: ModelDial,
    batch: number,
    vocabularies: readonly number[],
  ): Promise<Readonly<Record<number, number>>>;
}

const main = fileURLToPath(new URL("./worker.ts", import.meta.url));

/** `folder`: the study's. */
export function startWorker(folder: string): ProcessWorker {
  // A group of its own, so that Ctrl-C is the study's to pass on.
  const child = fork(main, { stdio: ["ignore", "inherit", "inherit", "ipc"], detached: true });
  const gone = new Promise<never>((_, reject) => {
    child.on("exit", (code, signal) =>
      reject(new Error(`a worker ended by itself: ${signal ?? `exit code ${code}`}`)),
    );
  });
  gone.catch(() => {}); // heard by whoever waits for an answer

  async function ask(message: ToWorker, progress: (share: number) => void = () => {}) {
    const answered = new Promise<Exclude<FromWorker, { kind: "progress" }>>((resolve) => {
      const hear = (heard: FromWorker) => {
        if (heard.kind === "progress") return progress(heard.share);
        child.off("message", hear);
        resolve(heard);
      };
      child.on("message", hear);
    });
    child.send(message);
    const answer = await Promise.race([answered, gone]);
    if (answer.kind !== "failed") return answer;
    const { mistake } = answer;
    if (mistake !== null) throw new InputError(mistake.where, mistake.expected, mistake.got);
    throw new Error(answer.message, { cause: answer.stack });
  }

  return {
    perform: async (job, progress) => {
      const answer = await ask({ kind: "perform", job, folder }, progress);
      if (answer.kind !== "done") throw new Error(`worker: expected a result, got ${answer.kind}`);
      return answer.result;
    },
    measure: async (model, batch, vocabularies) => {
      const answer = await ask({ kind: "calibrate", model, batch, vocabularies });
      if (answer.kind !== "calibrated") throw new Error(`worker: expected speeds, got ${answer.kind}`);
      return answer.speeds;
    },
    close: () => ended(child),
  };
}

function ended(child: ChildProcess): Promise<void> {
  return new Promise((resolve) => {
    if (child.exitCode !== null || child.signalCode !== null) return resolve();
    child.on("exit", () => resolve());
    child.kill("SIGTERM");
  });
}
