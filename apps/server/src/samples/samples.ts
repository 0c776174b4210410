// How the model goes on in each source whose words are sections, every tenth body and the last [C55]: made in a thread that
// is there only meanwhile, and kept in a file that may be deleted at any time: nothing of the run follows from it [C56].

import { join } from "node:path";
import type { Worker } from "node:worker_threads";
import type { RunId, SourceId } from "@homebody/base";
import type { RunState } from "@homebody/coordinator";
import { sharesWords } from "@homebody/dept";
import { checkSamples, isSampled, type RunSample } from "@homebody/protocol";
import { folderSnapshots } from "@homebody/store";
import type { Logger } from "pino";
import { startThread } from "../typescript-thread.ts";
import type { FromThread, ToThread } from "./messages.ts";

export interface Samples {
  /** Of each source the latest. */
  latest(): readonly RunSample[];
  /** Whether the body that there is now is to be sampled, and was not: then it is begun, and nobody waits for it. */
  look(): void;
  /** What is under way comes to nothing. */
  close(): Promise<void>;
}

export interface SamplesInputs {
  readonly dataDir: string;
  readonly run: RunId;
  readonly state: () => Pick<RunState, "manifest" | "body">;
  /** Sources of which a delta was accepted. */
  readonly learntFrom: () => readonly SourceId[];
  readonly log: Logger;
}

export async function openSamples({ dataDir, run, state, learntFrom, log }: SamplesInputs): Promise<Samples> {
  const kept = await folderSnapshots(join(dataDir, "samples"));
  let samples = read(await kept.read(run).catch(() => undefined));
  /** The body that was looked at last: what failed once is not tried again. */
  let seen = samples.map(({ id }) => id).at(-1) ?? null;
  let closed = false;
  let underWay: { readonly done: Promise<void>; stop(): Promise<unknown> } | null = null;

  async function make(work: ToThread, thread: Worker): Promise<void> {
    try {
      const made = await answerOf(thread, work);
      const sources = new Set(made.map(({ source }) => source));
      samples = [...samples.filter(({ source }) => !sources.has(source)), ...made];
      await kept.write(run, JSON.stringify({ samples }));
      log.info({ body: work.body.number, sources: made.length }, "sampled");
    } catch (error) {
      if (!closed) log.warn({ err: error, body: work.body.number }, "no samples of this body");
    } finally {
      await thread.terminate();
      underWay = null;
      look(); // the run went on meanwhile
    }
  }

  function look(): void {
    const { manifest, body } = state();
    if (closed || underWay !== null || body.id === seen || !isSampled(body.number, manifest.rounds)) return;
    seen = body.id;
    const learnt = new Set(learntFrom());
    const sources = manifest.sources
      .filter((source) => sharesWords(manifest, source) && learnt.has(source.id))
      .map(({ id }) => id);
    if (sources.length === 0) return;
    const thread = startThread("./sampling-thread.ts", import.meta.url);
    const done = make({ folder: join(dataDir, "blobs"), manifest, body, sources }, thread);
    underWay = { done, stop: () => thread.terminate() };
  }

  return {
    latest: () => samples,
    look,
    close: async () => {
      closed = true;
      const { done, stop } = underWay ?? { done: Promise.resolve(), stop: async () => {} };
      await stop();
      await done;
    },
  };
}

/** What cannot be read is as if nothing were there. */
function read(text: string | undefined): readonly RunSample[] {
  try {
    return text === undefined ? [] : checkSamples(JSON.parse(text)).samples;
  } catch {
    return [];
  }
}

function answerOf(thread: Worker, work: ToThread): Promise<readonly RunSample[]> {
  return new Promise((resolve, reject) => {
    thread.on("error", reject);
    thread.on("exit", () => reject(new Error("sampling: the thread ended by itself")));
    thread.on("message", (message: FromThread) => {
      if (message.kind === "made") resolve(message.samples);
      else reject(new Error(message.message, { cause: message.stack }));
    });
    thread.postMessage(work);
  });
}
