// A commit: the spool becomes a durable blob, what it holds is looked into, the run is asked whether it counts, and only
// when the acceptance is in the journal is it acknowledged [P10].

import { mayAccept } from "@homebody/coordinator";
import type { Refusal, Reply } from "@homebody/protocol";
import { accepted, heldIn, removeUnclaimed } from "./counting.ts";
import type { InboxInputs } from "./inputs.ts";
import { no } from "./no.ts";
import { ofSender, type Upload, type Uploads } from "./uploads.ts";

/** Throws where the disk or the journal fails: the upload stays, and may be committed again. */
export async function take(upload: Upload, uploads: Uploads, inputs: InboxInputs): Promise<Reply> {
  const { actor, faults } = inputs;
  const { id, sender, claim } = upload;
  if (uploads.get(id) !== upload) return no(uploads.whyNot(id));
  if (upload.received !== claim.sizeBytes) return no("wrong-offset");
  const early = mayAccept(actor.state(), ofSender(claim, sender));
  if (early) {
    await uploads.drop(upload);
    return no(early);
  }
  await faults("commit:before-blob");
  const bytes = await sealed(upload, inputs);
  if (bytes === undefined) {
    await uploads.drop(upload);
    return no("wrong-hash");
  }
  await faults("commit:after-blob");
  const refusal = await refusalOf(upload, bytes, inputs);
  if (refusal !== undefined) {
    await uploads.drop(upload);
    await removeUnclaimed(claim.delta, uploads, inputs);
    return no(refusal);
  }
  await faults("commit:after-journal");
  await uploads.drop(upload);
  return { ok: true };
}

/** Its bytes; undefined where they do not have the hash that was claimed. */
async function sealed({ id, claim }: Upload, { spool }: InboxInputs): Promise<Uint8Array | undefined> {
  try {
    return await spool.seal(id, claim.delta);
  } catch (error) {
    if ((error as Error).name !== "SpoolMismatch") throw error;
    return undefined;
  }
}

/** Asks the run for what the blob holds; undefined once its acceptance is in the journal. */
async function refusalOf(
  upload: Upload,
  bytes: Uint8Array,
  inputs: InboxInputs,
): Promise<Refusal | undefined> {
  const held = await heldIn(bytes, upload, inputs);
  return typeof held === "string" ? held : accepted(upload, held, inputs);
}
