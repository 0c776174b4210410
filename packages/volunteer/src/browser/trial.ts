// The page's door to a trial: a worker of its own, beside no volunteer. It takes one TrialRequest at a time and posts
// TrialMessages; who cancels ends it, and with it everything that it had.

export * from "../trial/view.ts";

export function trialWorker(): Worker {
  return new Worker(new URL("./trial-worker.ts", import.meta.url), { type: "module", name: "trial" });
}
