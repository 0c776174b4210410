// The norm of the latest body, which a delta's is measured against; read once.

import { normOf } from "@homebody/aggregate";
import type { Sha256 } from "@homebody/base";
import { exchangeOf } from "@homebody/dept";
import type { BodyRef, RunManifest } from "@homebody/protocol";
import type { Blobs } from "@homebody/store/ports";
import { readSection } from "../closing/section-files.ts";

export function bodyNorms(manifest: () => RunManifest, blobs: Blobs) {
  let latest: { readonly id: Sha256; readonly norm: Promise<number> } | undefined;
  return ({ id, sections }: BodyRef): Promise<number> => {
    if (latest?.id !== id) {
      const read = exchangeOf(manifest()).sections.map((section) => readSection(section, sections, blobs));
      const norm = Promise.all(read).then((numbers) => normOf(numbers.map(({ data }) => data)));
      norm.catch(() => {
        latest = undefined; // asked again, it is tried again
      });
      latest = { id, norm };
    }
    return latest.norm;
  };
}
