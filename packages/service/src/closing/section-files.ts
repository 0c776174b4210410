// Sections of bodies, and what outer optimisers keep of them, in the blobs.

import {
  decodeSafetensors,
  float32Tensors,
  type NamedTensors,
  namedTensors,
  requireSameLayout,
  type TensorLayout,
} from "@homebody/base";
import { decodeSection, encodeSection, firstNumbers, type Section } from "@homebody/dept";
import type { RunManifest, SectionFile } from "@homebody/protocol";
import type { Blobs } from "@homebody/store/ports";
import { existing } from "../existing.ts";

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

/** A section of a body. */
export function fileOf(section: Pick<Section, "name">, body: readonly SectionFile[]): SectionFile {
  const file = body.find(({ name }) => name === section.name);
  if (file === undefined)
    throw new Error(
      `body: expected a section ${section.name}, got ${body.map(({ name }) => name).join(", ") || "none"}`,
    );
  return file;
}

/** The numbers of a section in a body. */
export async function readSection(
  section: Section,
  body: readonly SectionFile[],
  blobs: Blobs,
): Promise<NamedTensors> {
  return decodeSection(section, await existing(fileOf(section, body).sha256, blobs));
}

/** What was kept of a section beside it, by its layout; zeros before the first round. */
export async function readOuter(
  layout: TensorLayout,
  { name, layout: own }: Section,
  kept: readonly SectionFile[],
  blobs: Pick<Blobs, "get">,
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
