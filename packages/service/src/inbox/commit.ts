// A commit: the spool becomes a durable blob, what it holds is looked into, the run is asked whether it counts, and only
// when the acceptance is in the journal is it acknowledged [P10].

import { carriesFrom, mayAccept, type RunState } from "@homebody/coordinator";
import type { Refusal, Reply } from "@homebody/protocol";
import { looked } from "../existing.ts";
import type { InboxInputs } from "./inputs.ts";
import { lookInto } from "./looking.ts";
import { no } from "./no.ts";
import type { Carrying } from "./reach.ts";
import type { Sender, Upload, Uploads } from "./uploads.ts";

/** Throws where the disk or the journal fails: the upload stays, and may be committed again. */
export async function take(upload: Upload, uploads: Uploads, inputs: InboxInputs): Promise<Reply> {
  const { actor, blobs, faults, retention } = inputs;
  const { id, sender, claim } = upload;
  if (uploads.get(id) !== upload) return no(uploads.whyNot(id));
  if (upload.received !== claim.sizeBytes) return no("wrong-offset");
  const early = mayAccept(actor.state(), { round: claim.round, ...sender });
  if (early) {
    await uploads.drop(upload);
    return no(early);
  }
  await faults("commit:before-blob");
  if (!(await sealed(upload, inputs))) {
    await uploads.drop(upload);
    return no("wrong-hash");
  }
  await faults("commit:after-blob");
  const refusal = await refusalOf(upload, inputs);
  if (refusal !== undefined) {
    await uploads.drop(upload);
    // Somebody else may have sent the very same.
    if ((await retention.kindOf(claim.delta)) === undefined) await blobs.remove(claim.delta);
    return no(refusal);
  }
  await faults("commit:after-journal");
  await uploads.drop(upload);
  return { ok: true };
}

/** Whether the bytes have the hash that was claimed. */
async function sealed({ id, claim }: Upload, { spool }: InboxInputs): Promise<boolean> {
  try {
    await spool.seal(id, claim.delta);
    return true;
  } catch (error) {
    if ((error as Error).name !== "SpoolMismatch") throw error;
    return false;
  }
}

/** Asks the run for what the blob holds; undefined once its acceptance is in the journal. */
async function refusalOf(
  { sender, claim, exchange }: Upload,
  inputs: InboxInputs,
): Promise<Refusal | undefined> {
  const { actor, blobs, bodyNumbers } = inputs;
  const bytes = await looked(claim.delta, blobs);
  if (typeof bytes === "string") return "wrong-hash"; // a blob that an earlier try left, and a disk has damaged since
  const state = actor.state();
  const { manifest, body, phase: round } = state;
  const late = mayAccept(state, { round: claim.round, ...sender });
  if (late || round.kind !== "training") return late ?? "wrong-round";
  const carrying = carryingOf(state, { round: claim.round, ...sender });
  const beside = { manifest, round, carrying, body: await bodyNumbers(body) };
  const inside = lookInto(bytes, exchange, beside);
  if (!inside.ok) return inside.refusal;
  const { sizeBytes: _, ...claimed } = claim;
  const { ok: _ok, ...held } = inside;
  const decision = await actor.do({ kind: "accept", ...claimed, ...sender, ...held });
  return decision.ok ? undefined : decision.refusal;
}

/** [P56] */
function carryingOf(state: RunState, sender: Sender & { readonly round: number }): Carrying | null {
  const { manifest, longestSchedule } = state;
  if (manifest.errorFeedback === "off" || carriesFrom(state, sender) === null) return null;
  return { decay: manifest.errorFeedback.decay, longestSchedule };
}
