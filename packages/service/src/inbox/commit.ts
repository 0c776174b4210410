// A commit: what the spool holds is measured, it becomes a durable blob, the run is asked whether it counts, and only when the
// acceptance is in the journal is it acknowledged [P10].

import { mayAccept } from "@homebody/coordinator";
import { formsOf } from "@homebody/dept";
import type { Refusal, Reply } from "@homebody/protocol";
import type { Contents } from "./contents.ts";
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
  const contents = await sealed(upload, inputs);
  if (contents === undefined) {
    await uploads.drop(upload);
    return no("wrong-hash");
  }
  await faults("commit:after-blob");
  const refusal = await refusalOf(upload, contents, inputs);
  if (refusal !== undefined) {
    await uploads.drop(upload);
    await removeUnclaimed(claim.delta, uploads, inputs);
    return no(refusal);
  }
  await faults("commit:after-journal");
  await uploads.drop(upload);
  return { ok: true };
}

/** What it holds; undefined where its bytes do not have the hash that was claimed. */
async function sealed(
  { id, claim, exchange }: Upload,
  { spool, measure }: InboxInputs,
): Promise<Contents | undefined> {
  try {
    const { contents } = await spool.seal(id, claim.delta, (delta) => measure(delta, formsOf(exchange)));
    return contents;
  } catch (error) {
    if ((error as Error).name !== "SpoolMismatch") throw error;
    return undefined;
  }
}

/** Asks the run for what the blob holds; undefined once its acceptance is in the journal. */
async function refusalOf(
  upload: Upload,
  contents: Contents,
  inputs: InboxInputs,
): Promise<Refusal | undefined> {
  const held = await heldIn(contents, upload, inputs);
  return typeof held === "string" ? held : accepted(upload, held, inputs);
}
