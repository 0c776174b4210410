// What a browser runs: one case of reference tensors, in a worker.

import { startBackend } from "@homebody/train";
import { wasmPaths } from "@homebody/volunteer/wasm-paths";
import { serveAnswers } from "../page-worker.ts";
import { type CaseResult, checkCase } from "./check.ts";
import type { GoldenRequest } from "./index.ts";

serveAnswers<GoldenRequest, CaseResult>(async ({ name, backend }) => {
  await startBackend(backend, { wasmPaths, threads: 1, tuned: false });
  const read = async (file: string) => {
    const response = await fetch(`/${name}/${file}`);
    if (!response.ok) throw new Error(`${name}/${file}: expected a file, got status ${response.status}`);
    return new Uint8Array(await response.arrayBuffer());
  };
  return checkCase(name, read, backend);
});
