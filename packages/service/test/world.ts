// A run hosted in memory, and volunteers of bare messages on lines in memory.

import type { Line } from "@homebody/line";
import type { MemoryNet, Travel } from "@homebody/line/memory";
import { type Announcement, events, type RunManifest } from "@homebody/protocol";
import { type BareVolunteer, bareVolunteer } from "../../../test/bare-volunteer.ts";
import { type ManifestOptions, manifest as manifestOf } from "../../dept/test/manifests.ts";
import { type MemoryHost, type MemoryHostOptions, memoryHost } from "../src/memory/index.ts";

export const token = "of the host";

/** Two ready volunteers open a round; an hour for a delta. */
export function manifest(options: ManifestOptions = {}, change: Partial<RunManifest> = {}): RunManifest {
  const hour = 3600;
  const times = { graceSeconds: 10, deadlineSeconds: hour, evaluationSeconds: hour };
  const plain = manifestOf({ ...options, sources: ["a", "b"] });
  return { ...plain, rounds: 2, round: { ...plain.round, minimum: 2, ...times }, ...change };
}

export interface Member extends BareVolunteer {
  readonly line: Line;
  /** All that came but announcements, in order. */
  readonly came: (readonly [string, unknown])[];
  isUp(): boolean;
}

export interface Served extends MemoryHost {
  readonly troubles: unknown[];
  /** A volunteer whose line is up and who has said nothing yet. */
  meet(name: string, address?: string): Promise<Member>;
  join(name: string, source: string, rows?: Uint8Array): Promise<Member>;
}

/** The run, of which no delta goes. */
export function keepingAll(run: RunManifest): RunManifest {
  return { ...run, keep: { ...run.keep, deltaRounds: "all" } };
}

export async function serve(
  run: RunManifest,
  options: MemoryHostOptions & { readonly travel?: Travel } = {},
): Promise<Served> {
  const troubles: unknown[] = [];
  const host = await memoryHost(run, {
    snapshotEvery: 3, // wherever a process is killed, the next one begins with one
    ...options,
    isAdmin: (given) => given === token,
    notices: { troubled: (error) => void troubles.push(error) },
  });
  const nets = new Map<string, MemoryNet>();
  const netAt = (address: string) => {
    const net = nets.get(address) ?? host.net(address, options.travel);
    nets.set(address, net);
    return net;
  };

  async function meet(name: string, address = "memory"): Promise<Member> {
    const came: Member["came"] = [];
    let isUp = false;
    const line = netAt(address).connect({
      up: () => {
        isUp = true;
      },
      down: () => {
        isUp = false;
      },
      event: (event, message) => {
        if (event === events.announcement) volunteer.hear(message as Announcement);
        else came.push([event, message]);
      },
      passed: () => {},
    });
    const volunteer = bareVolunteer(run, name, line.ask);
    await host.clock.advance(0);
    return { ...volunteer, line, came, isUp: () => isUp };
  }

  return {
    ...host,
    troubles,
    net: netAt,
    meet,
    join: async (name, source, rows) => {
      const member = await meet(name);
      await member.join(source, rows === undefined ? {} : { rows });
      return member;
    },
  };
}

/** A port of which, while it is broken, these methods fail. */
export function breakable<T extends object>(port: T, methods: readonly (keyof T & string)[]) {
  let isBroken = false;
  const broken = new Proxy(port, {
    get(target, name, receiver) {
      if (isBroken && methods.includes(name as keyof T & string))
        return () => Promise.reject(new Error(`no space left on device (${String(name)})`));
      return Reflect.get(target, name, receiver);
    },
  });
  return {
    port: broken,
    set: (to: boolean) => {
      isBroken = to;
    },
  };
}
