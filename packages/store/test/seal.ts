// Sealing an upload as whoever looks at all of its bytes.

import { type Sha256, sha256Of, type UploadId } from "@homebody/base";
import type { Spool, StoredBytes } from "../src/index.ts";

export const seal = (spool: Spool, upload: UploadId, hash: Sha256) => spool.seal(upload, hash, whole);

async function whole(stored: StoredBytes) {
  const bytes = await stored.read();
  return { bytes, sha256: sha256Of(bytes) };
}
