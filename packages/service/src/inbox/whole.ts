// A small delta that is whole in its opening [P7]. It is looked into where it is, before anything of it is written: what the disk
// gets is what counts, as one blob, without a spool.

import { mayAccept } from "@homebody/coordinator";
import { formsOf } from "@homebody/dept";
import type { Reply } from "@homebody/protocol";
import { inMemory } from "@homebody/store/ports";
import { accepted, heldIn, removeUnclaimed } from "./counting.ts";
import type { InboxInputs } from "./inputs.ts";
import { no } from "./no.ts";
import { ofSender, type Upload, type Uploads } from "./uploads.ts";

/** Throws where the disk or the journal fails: the delta may be sent again. In either case the upload is over. */
export async function takeWhole(
  upload: Upload,
  delta: Uint8Array,
  uploads: Uploads,
  inputs: InboxInputs,
): Promise<Reply> {
  const { actor, blobs, faults, measure } = inputs;
  const { claim, exchange, sender } = upload;
  try {
    const early = mayAccept(actor.state(), ofSender(claim, sender)); // it may have waited for its turn
    if (early) return no(early);
    const { sha256, contents } = await measure(inMemory(delta), formsOf(exchange));
    if (sha256 !== claim.delta) return no("wrong-hash");
    const held = await heldIn(contents, upload, inputs);
    if (typeof held === "string") return no(held);
    await faults("commit:before-blob");
    await blobs.put(delta, "passing");
    await faults("commit:after-blob");
    const refusal = await accepted(upload, held, inputs);
    if (refusal === undefined) {
      await faults("commit:after-journal");
      return { ok: true };
    }
    uploads.forget(upload);
    await removeUnclaimed(claim.delta, uploads, inputs);
    return no(refusal);
  } finally {
    if (upload.received > 0) await uploads.drop(upload);
    else uploads.forget(upload); // a spool that a process before this one left is swept when the round ends
  }
}
