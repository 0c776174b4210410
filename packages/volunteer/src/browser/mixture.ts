// The page's door to a mixture of all sources: a worker of its own. It takes one MixtureRequest at a time, all of one body, and posts
// MixtureMessages; who ends it ends all that it had.

export * from "../mixture/view.ts";

export function mixtureWorker(): Worker {
  return new Worker(new URL("./mixture-worker.ts", import.meta.url), { type: "module", name: "mixture" });
}
