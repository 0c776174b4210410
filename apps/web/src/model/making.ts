// The page's end of a model that is made as a file: a worker for each, which ends with it.

import type { MadeModel, ModelMessage, ModelRequest } from "./requests.ts";

export type MakeModel = (request: ModelRequest) => Promise<MadeModel>;

/** Rejects with a sentence that says why not. */
export const makeModel: MakeModel = (request) => {
  const worker = new Worker(new URL("./model-worker.ts", import.meta.url), { type: "module", name: "model" });
  const making = new Promise<MadeModel>((resolve, reject) => {
    worker.addEventListener("message", ({ data }: MessageEvent<ModelMessage>) => {
      if ("made" in data) resolve(data.made);
      else reject(new Error(data.failed));
    });
    worker.addEventListener("error", ({ message }) => reject(new Error(message || "it did not start")));
  });
  worker.postMessage(request);
  return making.finally(() => worker.terminate());
};
