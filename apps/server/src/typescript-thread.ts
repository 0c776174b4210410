// TypeScript in a thread: by a loader of its own, whoever loads it here.

import { Worker } from "node:worker_threads";

/** `source` is a path beside the file whose URL `here` is. It keeps no process alive. */
export function startThread(source: string, here: string): Worker {
  const [loader, ...where] = [import.meta.resolve("tsx/esm/api"), source, here].map((text) =>
    JSON.stringify(text),
  );
  const thread = new Worker(`import(${loader}).then(({ tsImport }) => tsImport(${where.join(", ")}))`, {
    eval: true,
    execArgv: [],
  });
  thread.unref();
  return thread;
}
