// The largest numbers of the latest body, which a delta's are measured beside; read once.

import { largestOf } from "@homebody/aggregate";
import { type Sha256, slotView } from "@homebody/base";
import { exchangeOf } from "@homebody/dept";
import type { BodyRef, RunManifest, SectionName } from "@homebody/protocol";
import type { Blobs } from "@homebody/store/ports";
import { readSection } from "../closing/section-files.ts";

/** By section and tensor, the absolute value of the largest number. */
export type LargestNumbers = ReadonlyMap<SectionName, ReadonlyMap<string, number>>;

export function bodyNumbers(manifest: () => RunManifest, blobs: Blobs) {
  let latest: { readonly id: Sha256; readonly largest: Promise<LargestNumbers> } | undefined;

  async function read({ sections }: BodyRef): Promise<LargestNumbers> {
    const found = new Map<SectionName, ReadonlyMap<string, number>>();
    for (const section of exchangeOf(manifest()).sections) {
      const numbers = await readSection(section, sections, blobs);
      const { slots } = numbers.layout;
      found.set(section.name, new Map(slots.map((slot) => [slot.name, largestOf(slotView(numbers, slot))])));
    }
    return found;
  }

  return (body: BodyRef): Promise<LargestNumbers> => {
    if (latest?.id !== body.id) {
      const largest = read(body);
      largest.catch(() => {
        latest = undefined; // asked again, it is tried again
      });
      latest = { id: body.id, largest };
    }
    return latest.largest;
  };
}
