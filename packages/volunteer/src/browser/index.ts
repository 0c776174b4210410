// The page's door: a dedicated worker that holds engine, socket and storage, so that the page stays smooth.
// It takes Commands and posts WorkerMessages (../view.ts).

export function volunteerWorker(): Worker {
  return new Worker(new URL("./worker.ts", import.meta.url), { type: "module", name: "homebody" });
}
