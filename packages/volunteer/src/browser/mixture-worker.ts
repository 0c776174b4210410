// All sources of a run as one model, in a browser: what was downloaded and read stays for the next prompt.

import { mixtureText } from "@homebody/experiment";
import { type ByteModel, mixtureOf } from "@homebody/mixture";
import { engineDevice } from "../device.ts";
import { mixtureModels } from "../mixture/models.ts";
import type { MixtureMessage, MixtureRequest } from "../mixture/view.ts";
import { webNet } from "../net.ts";
import { wasmPaths } from "./wasm-paths.ts";

const device = engineDevice("auto", { wasmPaths, threads: 1 });
const net = webNet(self.location.origin);
const never = new AbortController().signal;
const choice = { temperature: 0.8, topK: 40, topP: 1, bytes: 300 };
/** Of all weight, dealt out anew after each byte: the text may change its language. */
const rule = { kind: "likelihood", share: 0.01 } as const;

const post = (message: MixtureMessage) => postMessage(message);
let models: Promise<readonly ByteModel[]> | undefined;

/** A worker is for one body: a page that has a newer one starts another. */
async function goOn({ manifest, body, sources, prompt, seed }: MixtureRequest): Promise<void> {
  const report = (done: number, of: number) => post({ kind: "download", done, of });
  models ??= mixtureModels({ manifest, body, sources, net, device, report, signal: never });
  const state = mixtureOf(await models, rule).start();
  for await (const { text, weights } of mixtureText(state, prompt, { ...choice, seed }))
    post({ kind: "text", text, weights: [...weights] });
  post({ kind: "done" });
}

addEventListener("message", ({ data }: MessageEvent<MixtureRequest>) => {
  goOn(data).catch((error: unknown) =>
    post({ kind: "failed", message: error instanceof Error ? error.message : String(error) }),
  );
});
