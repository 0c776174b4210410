// Ports that fail now and then: before anything has happened, or after it has, so that whoever asked cannot tell.

import { joinedBytes, type Random } from "@homebody/base";
import type { HostDisk } from "@homebody/service/memory";
import { JournalConflict, type Spool } from "@homebody/store/ports";

/** What a port that fails throws. */
export class PortFailed extends Error {
  constructor(method: string) {
    super(`${method}: no space left on device`);
    this.name = "PortFailed";
  }
}

/** What a failing port may lead to: nothing else is taken for the world's fault. */
export const isOfPort = (error: unknown) => error instanceof PortFailed || error instanceof JournalConflict;

export interface Failing {
  /** Drawn for each call: whether it fails. */
  readonly fails: () => boolean;
  readonly dice: Random;
}

export function failingDisk({ journal, blobs, spool, snapshots }: HostDisk, failing: Failing): HostDisk {
  return {
    journal: failingPort(journal, failing),
    blobs: failingPort(blobs, failing),
    spool: failingPort(inPart(spool, failing), failing),
    snapshots: failingPort(snapshots, failing),
  };
}

function failingPort<T extends object>(port: T, { fails, dice }: Failing): T {
  return new Proxy(port, {
    get(target, name, receiver) {
      const method: unknown = Reflect.get(target, name, receiver);
      if (typeof method !== "function") return method;
      return async (...args: unknown[]) => {
        if (!fails()) return Reflect.apply(method, target, args);
        if (dice.uniform() < 0.5) await Reflect.apply(method, target, args);
        throw new PortFailed(String(name));
      };
    },
  });
}

/** A chunk of which the disk took a part. */
function inPart(spool: Spool, { fails, dice }: Failing): Spool {
  return {
    ...spool,
    append: async (upload, offset, ...pieces) => {
      if (!fails()) return spool.append(upload, offset, ...pieces);
      const bytes = joinedBytes(pieces);
      await spool.append(upload, offset, bytes.subarray(0, dice.below(bytes.length + 1)));
      throw new PortFailed("append");
    },
  };
}
