// The thread in which samples are made: the engine is loaded here, and nowhere else in the server.

import { parentPort } from "node:worker_threads";
import { InputError, type NamedTensors, namedTensors, type Sha256 } from "@homebody/base";
import { decodeSection, exchangeFor, splitOf } from "@homebody/dept";
import { type Group, groupLayout, groups } from "@homebody/model";
import { type ManifestSource, type RunManifest, type RunSample, sampleSettings } from "@homebody/protocol";
import { folderBlobs } from "@homebody/store";
import {
  decodeUtf8,
  openingOf,
  parseDocuments,
  type Tokenizer,
  textsOf,
  tokenizerFromJson,
} from "@homebody/text";
import { createPredictor, predictionMemory, sample, startBackend } from "@homebody/train";
import type { FromThread, ToThread } from "./messages.ts";

/** A model that takes more is not sampled here: the coordinator may be a small machine. */
const mostBytes = 512 * 2 ** 20;

type Read = (hash: Sha256) => Promise<Uint8Array>;

async function samplesOf({ folder, manifest, body, sources }: ToThread): Promise<readonly RunSample[]> {
  const blobs = await folderBlobs(folder);
  const read: Read = async (hash) => {
    const bytes = await blobs.get(hash);
    if (bytes === undefined) throw new InputError("sample", `a blob ${hash}`, "none");
    return bytes;
  };
  await startBackend("wasm", { threads: 1 });
  const samples: RunSample[] = [];
  for (const id of sources) {
    const source = manifest.sources.find((one) => one.id === id)!;
    const values = await valuesOf(manifest, source, body, read);
    if (values !== null) samples.push(await sampleOf(manifest, source, body, values, read));
  }
  return samples;
}

/** Null where the body does not have all of it yet, or it is too large. */
async function valuesOf(
  manifest: RunManifest,
  source: ManifestSource,
  body: ToThread["body"],
  read: Read,
): Promise<ReadonlyMap<Group, NamedTensors> | null> {
  const { config, sections } = exchangeFor(manifest, source, null);
  if (predictionMemory(config).bytes > mostBytes) return null;
  const values = new Map<Group, NamedTensors>(
    groups.map((group) => [group, namedTensors(groupLayout(config, group))]),
  );
  for (const section of sections) {
    const file = body.sections.find(({ name }) => name === section.name);
    if (file === undefined) return null;
    values.set(section.group, decodeSection(section, await read(file.sha256)));
  }
  return values;
}

async function sampleOf(
  manifest: RunManifest,
  source: ManifestSource,
  body: ToThread["body"],
  values: ReadonlyMap<Group, NamedTensors>,
  read: Read,
): Promise<RunSample> {
  const where = `tokenizer of ${source.id}`;
  const tokenizer = tokenizerFromJson(decodeUtf8(where, await read(source.tokenizer!.sha256)), where);
  const prompt = await promptOf(manifest, source, tokenizer, read);
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
  read: Read,
): Promise<string> {
  if (served === null) return "";
  const documents = async (hash: Sha256) =>
    parseDocuments(`${id}.jsonl`, decodeUtf8(`${id}.jsonl`, await read(hash)));
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
