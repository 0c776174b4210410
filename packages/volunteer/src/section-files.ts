// The file of one section of a body, as the coordinator has it: from the disk, by outer steps from the one on the disk, or whole [V51].

import { type Sha256, sha256OfMany } from "@homebody/base";
import { type Section, withStep } from "@homebody/dept";
import { type BodyRef, type SectionFile, type StepTo, stepsFrom, totalBytes } from "@homebody/protocol";
import { fetchChecked } from "./fetch-checked.ts";
import type { Disk, Net } from "./ports.ts";
import { storedNames } from "./stored-names.ts";

export interface SectionFiles {
  /** What has to come for this section of a body. */
  plan(section: Section, file: SectionFile, body: BodyRef): Promise<SectionPlan>;
}

export interface SectionPlan {
  /** Bytes that have to come: 0 where the disk has it. */
  readonly sizeBytes: number;
  /** The file, which is on the disk then; `progress` hears of bytes. Throws what a download throws. */
  take(progress: (done: number) => void, signal: AbortSignal): Promise<Uint8Array>;
}

export interface SectionPorts {
  readonly net: Pick<Net, "download">;
  readonly disk: Disk;
  /** Bytes of a section came. */
  readonly received?: ((group: Section["group"], bytes: number) => void) | undefined;
}

export function sectionFiles({ net, disk, received }: SectionPorts): SectionFiles {
  type Take = SectionPlan["take"];

  async function stepped(
    section: Section,
    kept: Uint8Array,
    steps: readonly StepTo[],
    ...[progress, signal]: Parameters<Take>
  ): Promise<Uint8Array> {
    let file = kept;
    let before = 0;
    for (const step of steps) {
      const where = `step of section ${step.name} to body ${step.body}`;
      const told = (done: number) => progress(before + done);
      const bytes = await fetchChecked(net, `/steps/${step.sha256}`, step, where, told, signal);
      received?.(section.group, bytes.length);
      file = withStep(section, file, bytes, step.body);
      before += bytes.length;
    }
    return file;
  }

  return {
    async plan(section, file, body) {
      const { name, sha256, sizeBytes } = file;
      const stored = storedNames.body(section.group);
      const kept = await disk.read(stored);
      const from = kept && (await sha256OfMany(kept));
      if (kept !== undefined && from === sha256) return { sizeBytes: 0, take: async () => kept };
      const whole: Take = async (progress, signal) => {
        const where = `section ${name} of body ${body.number}`;
        const bytes = await fetchChecked(net, `/bodies/${sha256}`, file, where, progress, signal);
        received?.(section.group, bytes.length);
        await disk.write(stored, bytes);
        return bytes;
      };
      const steps = from === undefined || section.down === "off" ? [] : stepsFrom(body, { name, from });
      if (kept === undefined || steps.length === 0) return { sizeBytes, take: whole };
      return {
        sizeBytes: totalBytes(steps),
        take: async (progress, signal) => {
          const bytes = await stepped(section, kept, steps, progress, signal).catch((error: unknown) => {
            if (signal.aborted) throw error;
            return undefined; // whatever went wrong, the whole section does without steps, or fails as well
          });
          if (bytes === undefined || !(await isNamed(bytes, sha256))) return whole(progress, signal);
          await disk.write(stored, bytes);
          return bytes;
        },
      };
    },
  };
}

async function isNamed(bytes: Uint8Array, sha256: Sha256): Promise<boolean> {
  return (await sha256OfMany(bytes)) === sha256;
}
