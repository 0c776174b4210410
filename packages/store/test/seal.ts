// Sealing an upload as whoever looks at all of its bytes.

import { type Sha256, sha256Of, type UploadId } from "@homebody/base";
import type { Lying, Spool } from "../src/index.ts";

export const seal = (spool: Spool, upload: UploadId, hash: Sha256) => spool.seal(upload, hash, whole);

async function whole(lying: Lying) {
  const bytes = await lying.read();
  return { bytes, sha256: sha256Of(bytes) };
}
