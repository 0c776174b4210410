// Whether the coordinator can do its work, asked from outside [P35]: it looks, and says of each part that it is well or not, and
// no more than that: what is wrong stands in the log.

import { rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { Cancel, Clock } from "@homebody/clock";
import type { RunState } from "@homebody/coordinator";
import type { Blobs, Journal } from "@homebody/store/ports";

export const parts = ["run", "database", "disk", "body", "loop"] as const;
export type Part = (typeof parts)[number];

export interface Health {
  /** Looked at anew once in a while, however often it is asked. */
  look(): Promise<Readonly<Record<Part, boolean>>>;
  /** The run cannot go on in this process. */
  fail(error: unknown): void;
  stop(): void;
}

export interface HealthInputs {
  readonly state: () => RunState;
  /** The journal's last entry that is known here. */
  readonly seq: () => number;
  readonly journal: Pick<Journal, "lastSeq">;
  readonly blobs: Pick<Blobs, "size">;
  readonly dataDir: string;
  readonly clock: Clock;
  readonly unwell: (part: Part, error: unknown) => void;
}

const freshMs = 2000;
/** What has not answered by then is not well. */
const patienceMs = 5000;
const beatMs = 1000;
/** So late was the event loop of late. */
const stuckMs = 5000;

export function healthOf(inputs: HealthInputs): Health {
  const { clock, unwell } = inputs;
  const loop = loopOf(clock);
  let failure: unknown;
  const looks: Readonly<Record<Part, () => Promise<void>>> = {
    async run() {
      if (failure !== undefined) throw failure;
    },
    ...looksAt(inputs),
    async loop() {
      if (loop.late() > stuckMs) throw new Error(`the event loop was ${Math.round(loop.late())} ms late`);
    },
  };
  let last: { readonly at: number; readonly found: ReturnType<Health["look"]> } | undefined;

  async function isWell(part: Part): Promise<boolean> {
    try {
      await within(clock, looks[part]());
      return true;
    } catch (error) {
      unwell(part, error);
      return false;
    }
  }

  async function lookAtAll(): Promise<Record<Part, boolean>> {
    const found = await Promise.all(parts.map(async (part) => [part, await isWell(part)] as const));
    return Object.fromEntries(found) as Record<Part, boolean>;
  }

  return {
    look() {
      if (last === undefined || clock.elapsed() - last.at > freshMs)
        last = { at: clock.elapsed(), found: lookAtAll() };
      return last.found;
    },
    fail(error) {
      failure = error;
      last = undefined;
    },
    stop: loop.stop,
  };
}

function looksAt({ state, seq, journal, blobs, dataDir }: HealthInputs) {
  return {
    async database() {
      const expected = seq();
      const got = await journal.lastSeq(state().manifest.run);
      if (got < expected)
        throw new Error(`journal: expected entry ${expected} or a later one, got ${got} as the last`);
    },
    async disk() {
      const probe = join(dataDir, "probe");
      try {
        await writeFile(probe, new Uint8Array(4096), { mode: 0o600 });
      } finally {
        await rm(probe, { force: true });
      }
    },
    async body() {
      for (const { name, sha256, sizeBytes } of state().body.sections) {
        const got = await blobs.size(sha256);
        if (got !== sizeBytes)
          throw new Error(
            `section ${name}, blob ${sha256}: expected ${sizeBytes} bytes, got ${got ?? "none"}`,
          );
      }
    },
  };
}

/** How late the loop was at the last beats. */
function loopOf(clock: Clock): { readonly late: () => number; readonly stop: Cancel } {
  let [before, worst, last] = [clock.elapsed(), 0, 0];
  const stop = clock.every(beatMs, () => {
    const now = clock.elapsed();
    [before, worst, last] = [now, last, Math.max(0, now - before - beatMs)];
  });
  return { late: () => Math.max(worst, last, clock.elapsed() - before - beatMs), stop };
}

async function within(clock: Clock, look: Promise<void>): Promise<void> {
  let cancel: Cancel = () => {};
  const late = new Promise<never>((_, reject) => {
    cancel = clock.after(patienceMs, () => reject(new Error(`no answer within ${patienceMs} ms`)));
  });
  try {
    await Promise.race([look, late]);
  } finally {
    cancel();
  }
}
