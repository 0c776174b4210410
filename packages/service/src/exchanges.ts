// What each device exchanges, which follows from the run's manifest, its source and its row map; and which row map that is.

import { type Sha256, sha256Of } from "@homebody/base";
import type { AcceptedDelta } from "@homebody/coordinator";
import { bitsOf, declaresRows, type Exchange, exchangeFor, rowMapFrom, rowsOfDevice } from "@homebody/dept";
import type { ManifestSource, RunManifest } from "@homebody/protocol";
import type { Blobs } from "@homebody/store/ports";
import { existing } from "./existing.ts";

/** The rows of a vocabulary that a device holds, as it declared them. */
export interface DeclaredRows {
  readonly sha256: Sha256;
  readonly bits: Uint8Array;
}

/** The row map of a device, as a bitmap with its hash; an InputError where it declared none that fits. */
export async function rowsOf(
  manifest: RunManifest,
  source: ManifestSource,
  declared: Uint8Array | undefined,
  blobs: Blobs,
): Promise<DeclaredRows | null> {
  if (!declaresRows(manifest)) return null; // nothing is to be read
  const rows = source.served?.rows;
  const served = rows && (await existing(rows.sha256, blobs));
  const map = rowsOfDevice(manifest, source, { served, declared });
  if (map === null) return null;
  const bits = bitsOf(map);
  return { sha256: sha256Of(bits), bits };
}

/** The exchange of a device of this source that declared these rows. */
export type ExchangeOfDevice = (device: Pick<AcceptedDelta, "source" | "rows">) => Promise<Exchange>;

/** Made once a source, or a row map where rows are a matter of the text; and again when the manifest is another. */
export function deviceExchanges(manifest: () => RunManifest, blobs: Blobs): ExchangeOfDevice {
  const known = new Map<string, Promise<Exchange>>();
  let of = manifest();
  async function make({ source, rows }: Parameters<ExchangeOfDevice>[0]): Promise<Exchange> {
    const run = of;
    const own = run.sources.find(({ id }) => id === source);
    if (own === undefined) throw new Error(`source: expected one of the run's, got ${source}`);
    const map = rows === null ? null : rowMapFrom(await existing(rows, blobs), own.vocabulary);
    return exchangeFor(run, own, map);
  }
  return (device) => {
    if (of !== manifest() || known.size >= mostKnown) known.clear();
    of = manifest();
    const key = `${device.source} ${device.rows ?? ""}`;
    let found = known.get(key);
    if (found === undefined) {
      found = make(device);
      found.catch(() => known.delete(key)); // asked again, it is tried again
      known.set(key, found);
    }
    return found;
  };
}

const mostKnown = 1000;
