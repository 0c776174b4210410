// What this browser keeps beside its runs: what it did last, how hard it may work, and the invitation that it has. The page reads it before any worker
// is started; the worker writes it.

import type { RunId, SourceId } from "@homebody/base";
import type { Invitation } from "@homebody/protocol";
import { hasModel } from "../stored-names.ts";
import { hasText } from "../text-name.ts";
import { dutyCycle, type Intensity, type KeptInvitation, type Remembered } from "../view.ts";
import { privateDisk, readHome, writeHome } from "./disk.ts";

const lastFile = "last.json";
const invitationFile = "invitation.json";
const intensityFile = "intensity";

export interface Kept {
  readonly remembered: Remembered | null;
  readonly invitation: KeptInvitation | null;
  readonly intensity: Intensity;
}

export const usualIntensity: Intensity = "balanced";

/** Nothing where it cannot be read. */
export async function readKept(): Promise<Kept> {
  const [remembered, invitation, intensity] = await Promise.all([
    readLast().catch(() => null),
    readInvitation().catch(() => null),
    readIntensity().catch(() => usualIntensity),
  ]);
  return {
    remembered,
    invitation: invitation && { run: invitation.run, source: invitation.source },
    intensity,
  };
}

/** [V26] */
export async function keepIntensity(intensity: Intensity): Promise<void> {
  await writeHome(intensityFile, intensity);
}

async function readIntensity(): Promise<Intensity> {
  const kept = await readHome(intensityFile);
  return kept !== undefined && Object.hasOwn(dutyCycle, kept) ? (kept as Intensity) : usualIntensity;
}

export async function remember(what: Omit<Remembered, "hasText" | "hasModel">): Promise<void> {
  await writeHome(lastFile, JSON.stringify(what));
}

/** What this device did last. */
export async function readLast(): Promise<Remembered | null> {
  const kept = await readHome(lastFile);
  if (kept === undefined) return null;
  const { run, source, contributing } = JSON.parse(kept) as Omit<Remembered, "contributing"> & {
    readonly contributing: unknown;
  };
  const disk = await diskOf({ run, source });
  return {
    ...{ run, source, contributing: contributing === true },
    hasText: await hasText(disk),
    hasModel: await hasModel(disk),
  };
}

/** What the device has of this run and source. */
export const diskOf = ({ run, source }: Pick<Remembered, "run" | "source">) =>
  privateDisk(`${run.slice(0, 16)}-${source}`);

type KeptWithCode = KeptInvitation & Pick<Invitation, "code">;

/** Until it is used, or another one comes. */
export async function keepInvitation(run: RunId, invitation: Invitation): Promise<void> {
  await writeHome(invitationFile, JSON.stringify({ run, ...invitation } satisfies KeptWithCode));
}

async function readInvitation(): Promise<KeptWithCode | null> {
  const kept = await readHome(invitationFile);
  return kept === undefined ? null : (JSON.parse(kept) as KeptWithCode);
}

/** Of the invitation to this source, if it is kept. */
export async function codeFor(run: RunId, source: SourceId): Promise<string | undefined> {
  const kept = await readInvitation();
  return kept?.run === run && kept.source === source ? kept.code : undefined;
}
