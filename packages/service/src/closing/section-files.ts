// Sections of bodies, and what outer optimisers keep of them, in the blobs; and which exchange a device has.

import {
  decodeSafetensors,
  float32Tensors,
  type NamedTensors,
  namedTensors,
  requireSameLayout,
  type Sha256,
  sha256Of,
  type TensorLayout,
} from "@homebody/base";
import type { AcceptedDelta } from "@homebody/coordinator";
import {
  bitsOf,
  decodeSection,
  type Exchange,
  encodeSection,
  exchangeFor,
  firstNumbers,
  rowMapFrom,
  rowsOfDevice,
  type Section,
} from "@homebody/dept";
import type { ManifestSource, RunManifest, SectionFile } from "@homebody/protocol";
import type { Blobs } from "@homebody/store/ports";
import type { DeclaredRows } from "../lines/presence.ts";

/** Sections as they begin, as files: of the whole body, or of one source's words. */
export async function putFirst(
  manifest: RunManifest,
  sections: readonly Section[],
  blobs: Blobs,
  first = (section: Section) => firstNumbers(manifest, section),
): Promise<readonly SectionFile[]> {
  const files: SectionFile[] = [];
  for (const section of sections) {
    const bytes = encodeSection(manifest, 0, section, first(section));
    files.push({ name: section.name, sha256: await blobs.put(bytes), sizeBytes: bytes.length });
  }
  return files;
}

/** The numbers of a section in a body. */
export async function readSection(
  section: Section,
  body: readonly SectionFile[],
  blobs: Blobs,
): Promise<NamedTensors> {
  const file = body.find(({ name }) => name === section.name);
  if (file === undefined)
    throw new Error(
      `body: expected a section ${section.name}, got ${body.map(({ name }) => name).join(", ") || "none"}`,
    );
  return decodeSection(section, await existing(file.sha256, blobs));
}

/** What an outer optimiser kept of a section, by its layout; zeros before the first round. */
export async function readOuter(
  layout: TensorLayout,
  { name, layout: own }: Section,
  kept: readonly SectionFile[],
  blobs: Blobs,
): Promise<NamedTensors> {
  const file = kept.find((one) => one.name === name);
  if (file === undefined || layout.size === 0) return namedTensors(layout);
  const where = `outer state of ${name}`;
  const state = float32Tensors(decodeSafetensors(await existing(file.sha256, blobs), where));
  // Version 0.1 kept Nesterov's momentum under the tensors' own names.
  if (state.layout.slots[0]?.name === own.slots[0]!.name) return namedTensors(layout, state.data);
  requireSameLayout(state.layout, layout, where);
  return state;
}

/** The row map of a device, as a bitmap with its hash; an InputError where it declared none that fits. */
export async function rowsOf(
  manifest: RunManifest,
  source: ManifestSource,
  declared: Uint8Array | undefined,
  blobs: Blobs,
): Promise<DeclaredRows | null> {
  const rows = source.served?.rows;
  const served = rows && (await existing(rows.sha256, blobs));
  const map = rowsOfDevice(manifest, source, { served, declared });
  if (map === null) return null;
  const bits = bitsOf(map);
  return { sha256: sha256Of(bits), bits };
}

/** The exchanges of devices: one a source, and one a row map where rows are a matter of the text. */
export function deviceExchanges(manifest: () => RunManifest, blobs: Blobs) {
  const known = new Map<string, Promise<Exchange>>();
  async function make({ source, rows }: Pick<AcceptedDelta, "source" | "rows">): Promise<Exchange> {
    const own = manifest().sources.find(({ id }) => id === source);
    if (own === undefined) throw new Error(`source: expected one of the run's, got ${source}`);
    const map = rows === null ? null : rowMapFrom(await existing(rows, blobs), own.vocabulary);
    return exchangeFor(manifest(), own, map);
  }
  return (device: Pick<AcceptedDelta, "source" | "rows">): Promise<Exchange> => {
    const key = `${device.source} ${device.rows ?? ""}`;
    let found = known.get(key);
    if (found === undefined) {
      if (known.size >= mostKnown) known.clear();
      found = make(device);
      found.catch(() => known.delete(key)); // asked again, it is tried again
      known.set(key, found);
    }
    return found;
  };
}

const mostKnown = 1000;

export async function existing(hash: Sha256, blobs: Blobs): Promise<Uint8Array> {
  const bytes = await blobs.get(hash);
  if (bytes === undefined) throw new Error(`blob ${hash}: expected it in the data folder, got nothing`);
  return bytes;
}
