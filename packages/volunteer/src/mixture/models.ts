// The models of a body's sources on this device, over the ports of a volunteer but for the disk: of the network, downloads alone.

import { InputError } from "@homebody/base";
import { decodeSection, exchangeFor } from "@homebody/dept";
import { cachedModel, loadParameters } from "@homebody/experiment";
import { type ByteModel, byteModelOf } from "@homebody/mixture";
import { everyGroup } from "@homebody/model";
import { type ManifestSource, type RunManifest, totalBytes } from "@homebody/protocol";
import { decodeUtf8, tokenizerFromJson } from "@homebody/text";
import { fetchChecked } from "../fetch-checked.ts";
import type { Device, Net } from "../ports.ts";
import { type MixtureBody, speakingSources } from "./view.ts";

export interface MixtureInputs {
  readonly manifest: RunManifest;
  readonly body: MixtureBody;
  /** Ids. */
  readonly sources: readonly string[];
  readonly net: Pick<Net, "download">;
  readonly device: Device;
  /** Hears of bytes. */
  readonly report: (done: number, of: number) => void;
  readonly signal: AbortSignal;
}

interface ServedFile {
  readonly path: string;
  readonly sha256: MixtureBody["sections"][number]["sha256"];
  readonly sizeBytes: number;
}

/** In the order of the sources. Throws what net, device and engine throw, and an InputError for a source whose model is not public. */
export async function mixtureModels(inputs: MixtureInputs): Promise<readonly ByteModel[]> {
  const { manifest, body, device } = inputs;
  const speaking = speakingSources(manifest, body);
  const sources = inputs.sources.map((id) => {
    const source = speaking.find((one) => one.id === id);
    if (source === undefined)
      throw new InputError(`source ${id}`, "one whose words are in the body", "another one, or none");
    return source;
  });
  const files = await fetchAll(
    sources.flatMap((source) => filesOf(inputs, source)),
    inputs,
  );
  await device.start();
  return sources.map((source) => {
    const { config, sections } = exchangeFor(manifest, source, null);
    const predictor = device.predictor(config);
    const values = new Map(
      sections.map((section) => [
        section.group,
        decodeSection(section, files.get(sectionFile(body, section.name).path)!),
      ]),
    );
    loadParameters(predictor, everyGroup(config, values));
    const json = decodeUtf8("tokenizer.json", files.get(tokenizerFile(source).path)!);
    return byteModelOf(cachedModel(predictor.cache(), tokenizerFromJson(json, `tokenizer of ${source.id}`)));
  });
}

function filesOf({ manifest, body }: MixtureInputs, source: ManifestSource): readonly ServedFile[] {
  const { sections } = exchangeFor(manifest, source, null);
  return [...sections.map(({ name }) => sectionFile(body, name)), tokenizerFile(source)];
}

function sectionFile({ sections }: MixtureBody, name: string): ServedFile {
  const { sha256, sizeBytes } = sections.find((one) => one.name === name)!;
  return { path: `/bodies/${sha256}`, sha256, sizeBytes };
}

function tokenizerFile({ tokenizer }: ManifestSource): ServedFile {
  const { sha256, sizeBytes } = tokenizer!;
  return { path: `/tokenizers/${sha256}`, sha256, sizeBytes };
}

/** By path; what several sources share is downloaded once. */
async function fetchAll(
  wanted: readonly ServedFile[],
  { net, report, signal }: MixtureInputs,
): Promise<ReadonlyMap<string, Uint8Array>> {
  const files = new Map(wanted.map((file) => [file.path, file]));
  const of = totalBytes([...files.values()]);
  const fetched = new Map<string, Uint8Array>();
  let before = 0;
  for (const [path, file] of files) {
    const tell = (done: number) => report(before + done, of);
    fetched.set(path, await fetchChecked(net, path, file, path, tell, signal));
    before += file.sizeBytes;
    report(before, of);
  }
  return fetched;
}
