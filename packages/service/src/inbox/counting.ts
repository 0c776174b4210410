// Whether a delta counts: what was measured in it is looked into, then the run is asked for it.

import type { Sha256 } from "@homebody/base";
import { carriesFrom, mayAccept, type RunState } from "@homebody/coordinator";
import type { Refusal } from "@homebody/protocol";
import type { Contents } from "./contents.ts";
import type { InboxInputs } from "./inputs.ts";
import { type Looked, lookInto } from "./looking.ts";
import type { Carrying } from "./reach.ts";
import { ofSender, type Sender, type Upload, type Uploads } from "./uploads.ts";

/** What a delta holds that may count. */
export type Held = Omit<Extract<Looked, { ok: true }>, "ok">;

export async function heldIn(
  contents: Contents,
  { sender, claim, exchange }: Upload,
  { actor, bodyNumbers }: InboxInputs,
): Promise<Held | Refusal> {
  const state = actor.state();
  const { manifest, body, phase } = state;
  const late = mayAccept(state, ofSender(claim, sender));
  if (late || phase.kind !== "training") return late ?? "wrong-round";
  const round = { ...phase, steps: Math.min(claim.steps, phase.localSteps) };
  const carrying = carryingOf(state, { round: claim.round, ...sender });
  const isStale = (claim.body ?? body.number) < body.number;
  const beside = { manifest, round, carrying, isStale, body: await bodyNumbers(body) };
  const inside = lookInto(contents, exchange, beside);
  if (!inside.ok) return inside.refusal;
  const { ok: _, ...held } = inside;
  return held;
}

/** [P56] */
function carryingOf(state: RunState, sender: Sender & { readonly round: number }): Carrying | null {
  const { manifest, longestSchedule } = state;
  if (manifest.errorFeedback === "off" || carriesFrom(state, sender) === null) return null;
  return { decay: manifest.errorFeedback.decay, longestSchedule };
}

/** Of a delta that is durable; undefined once its acceptance is in the journal. */
export async function accepted(
  { sender, claim }: Upload,
  held: Held,
  { actor }: Pick<InboxInputs, "actor">,
): Promise<Refusal | undefined> {
  const { sizeBytes: _, ...claimed } = claim;
  const decision = await actor.do({ kind: "accept", ...claimed, ...sender, ...held });
  return decision.ok ? undefined : decision.refusal;
}

/** A blob of a delta that was refused goes, unless the run names it, or somebody else is sending the very same. */
export async function removeUnclaimed(
  delta: Sha256,
  uploads: Uploads,
  { blobs, retention }: Pick<InboxInputs, "blobs" | "retention">,
): Promise<void> {
  if ((await retention.kindOf(delta)) === undefined && !uploads.claims(delta)) await blobs.remove(delta);
}
