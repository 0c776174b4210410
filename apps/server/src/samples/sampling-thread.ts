// The thread in which samples are made: the engine is loaded here, and nowhere else in the server.

import { parentPort } from "node:worker_threads";
import { type NamedTensors, namedTensors, type Sha256 } from "@homebody/base";
import { decodeSection, exchangeFor, splitOf } from "@homebody/dept";
import { type Group, groupLayout, groups } from "@homebody/model";
import { type ManifestSource, type RunManifest, type RunSample, sampleSettings } from "@homebody/protocol";
import { existing } from "@homebody/service";
import { folderBlobs } from "@homebody/store";
import type { Blobs } from "@homebody/store/ports";
import { decodeUtf8, openingOf, type Tokenizer, textsOf, tokenizerFromJson } from "@homebody/text";
import { createPredictor, predictionMemory, sample, startBackend } from "@homebody/train";
import { servedDocuments } from "../opening/texts.ts";
import type { FromThread, ToThread } from "./messages.ts";

/** A model that takes more is not sampled here: the coordinator may be a small machine. */
const mostBytes = 512 * 2 ** 20;

async function samplesOf({ folder, manifest, body, sources }: ToThread): Promise<readonly RunSample[]> {
  const blobs = await folderBlobs(folder);
  await startBackend("wasm", { threads: 1 });
  const samples: RunSample[] = [];
  for (const id of sources) {
    const source = manifest.sources.find((one) => one.id === id)!;
    const values = await valuesOf(manifest, source, body, blobs);
    if (values !== null) samples.push(await sampleOf(manifest, source, body, values, blobs));
  }
  return samples;
}

/** Null where the body does not have all of it yet, or it is too large. */
async function valuesOf(
  manifest: RunManifest,
  source: ManifestSource,
  body: ToThread["body"],
  blobs: Pick<Blobs, "get">,
): Promise<ReadonlyMap<Group, NamedTensors> | null> {
  const { config, sections } = exchangeFor(manifest, source, null);
  if (predictionMemory(config).bytes > mostBytes) return null;
  const values = new Map<Group, NamedTensors>(
    groups.map((group) => [group, namedTensors(groupLayout(config, group))]),
  );
  for (const section of sections) {
    const file = body.sections.find(({ name }) => name === section.name);
    if (file === undefined) return null;
    values.set(section.group, decodeSection(section, await existing(file.sha256, blobs)));
  }
  return values;
}

async function sampleOf(
  manifest: RunManifest,
  source: ManifestSource,
  body: ToThread["body"],
  values: ReadonlyMap<Group, NamedTensors>,
  blobs: Pick<Blobs, "get">,
): Promise<RunSample> {
  const where = `tokenizer of ${source.id}`;
  const tokenizer = tokenizerFromJson(
    decodeUtf8(where, await existing(source.tokenizer!.sha256, blobs)),
    where,
  );
  const prompt = await promptOf(manifest, source, tokenizer, blobs);
  const model = createPredictor(exchangeFor(manifest, source, null).config);
  try {
    for (const [group, tensors] of values) model.load(group, tensors);
    const ids = [tokenizer.endOfDocument, ...tokenizer.encode(prompt)];
    let text = "";
    for await (const soFar of textsOf(tokenizer, sample(model.cache(), ids, sampleSettings))) text = soFar;
    const { number, id } = body;
    return { source: source.id, body: number, id, seed: sampleSettings.seed, prompt, text };
  } finally {
    model.dispose();
  }
}

/** The first words of the first held-out document; empty where the host serves no text. */
async function promptOf(
  manifest: RunManifest,
  { id, served }: ManifestSource,
  tokenizer: Tokenizer,
  blobs: Pick<Blobs, "get">,
): Promise<string> {
  if (served === null) return "";
  const documents = (hash: Sha256) => servedDocuments(id, hash, blobs);
  const heldOut =
    served.heldOut === null
      ? splitOf(manifest, id, await documents(served.train)).heldOut
      : await documents(served.heldOut);
  const { endOfDocument } = tokenizer;
  const tokens = [endOfDocument, ...tokenizer.encode(heldOut[0] ?? ""), endOfDocument];
  return openingOf({ tokenizer, heldOut: { stream: Uint16Array.from(tokens) } });
}

const port = parentPort!;
port.on("message", (message: ToThread) => {
  const say = (answer: FromThread) => port.postMessage(answer);
  samplesOf(message).then(
    (samples) => say({ kind: "made", samples }),
    (error: Error) => say({ kind: "failed", message: error.message, stack: error.stack }),
  );
});
