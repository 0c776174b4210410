// A helper's thread: a worker of the browser's, or of Node's.

import { connectHelper, type FromHelper, type Helper, type ToHelper, type Wire } from "./helper.ts";
import type { WasmPaths } from "./wasm.ts";

export async function spawnHelper(paths?: WasmPaths): Promise<Helper> {
  return connectHelper(typeof Worker === "function" ? browserWire() : await nodeWire(), paths);
}

function browserWire(): Wire<ToHelper, FromHelper> {
  const worker = new Worker(new URL("./helper-worker.ts", import.meta.url), { type: "module" });
  return {
    post: (message, transfer) => worker.postMessage(message, [...transfer]),
    onMessage: (take) => {
      worker.onmessage = ({ data }: MessageEvent<FromHelper>) => take(data);
      worker.onerror = ({ message }) => take({ kind: "failed", id: null, message });
    },
  };
}

/** Of this machine. */
export async function countCores(): Promise<number> {
  if (typeof Worker === "function") return navigator.hardwareConcurrency;
  return ((await node("os")) as typeof import("node:os")).availableParallelism();
}

/** Of Node's own modules; names are put together here so that browsers' bundlers leave them alone. */
const node = (name: string): Promise<unknown> => import(/* @vite-ignore */ `node:${name}`);

const quoted = (text: string) => JSON.stringify(text);

async function nodeWire(): Promise<Wire<ToHelper, FromHelper>> {
  const { Worker: Thread } = (await node("worker_threads")) as typeof import("node:worker_threads");
  const source = "./helper-node.ts";
  // TypeScript in a thread: by a loader of its own, whoever loads it here.
  const load = `import(${quoted(import.meta.resolve("tsx/esm/api"))}).then(({ tsImport }) => tsImport(${quoted(source)}, ${quoted(import.meta.url)}))`;
  const thread = new Thread(load, { eval: true, execArgv: [] });
  thread.unref(); // who has nothing else to do may end
  return {
    post: (message, transfer) => thread.postMessage(message, [...transfer]),
    onMessage: (take) => {
      thread.on("message", take);
      thread.on("error", ({ message }: Error) => take({ kind: "failed", id: null, message }));
    },
  };
}
