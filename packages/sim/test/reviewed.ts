// A run of one served source whose volunteers really train and measure each other's deltas; some of them attack, some lie.

import { random, type VolunteerId } from "@homebody/base";
import { memoryClock } from "@homebody/clock/memory";
import type { Fact } from "@homebody/coordinator";
import type { RunManifest } from "@homebody/protocol";
import { hostDisk } from "@homebody/service/memory";
import { type Attack, attacking, type MemberInputs, quietConditions, startSimulation } from "../src/index.ts";
import { poisonedRun } from "./poison.ts";
import { lying } from "./saying.ts";

export interface Reviewed {
  readonly facts: readonly Fact[];
  /** In the order of the parts that they play. */
  readonly volunteers: readonly VolunteerId[];
  /** Of the last body, as all measure it who do not attack. */
  readonly bitsPerByte: number;
}

/** What each volunteer does: is honest, lies about whatever it measures, or attacks. */
export type Part = "honest" | "lies" | Attack;

/** Averaged by the mean, so that reviews are all that stands against an attacker. */
export async function reviewedRun(
  parts: readonly Part[],
  change: Partial<RunManifest> = {},
): Promise<Reviewed> {
  const disk = hostDisk();
  const text = new TextEncoder().encode(lines());
  const served = {
    train: await disk.blobs.put(text),
    trainBytes: text.length,
    heldOut: null,
    heldOutBytes: 0,
  };
  const plain = poisonedRun();
  const manifest: RunManifest = {
    ...plain,
    variant: "glob",
    sources: plain.sources.map((source) => ({ ...source, served })),
    ...{ clipping: "off", average: { rule: "mean" } },
    review: { quarantineAfter: 2, tolerance: 0.001, rows: 32 },
    round: { ...plain.round, minimum: parts.length },
    ...change,
  };
  const clock = memoryClock();
  const { host, members, check } = await startSimulation(manifest, {
    ...{ volunteers: parts.length, seed: 1, stubTraining: false, conditions: quietConditions, disk },
    host: { clock },
    member: (inputs) => playing(parts[inputs.number]!, inputs),
  });
  const isOver = () => {
    check();
    return host.service().state().phase.kind === "finished";
  };
  await clock.until("the end", isOver, 1e9);
  const facts = (await host.entries()).map(({ fact }) => fact);
  await host.close();
  const volunteers = members.map(({ volunteer }) => volunteer);
  return {
    facts,
    volunteers,
    bitsPerByte: lastOf(
      facts,
      volunteers.filter((_, i) => typeof parts[i] === "string"),
    ),
  };
}

function playing(part: Part, inputs: MemberInputs): MemberInputs {
  if (part === "honest") return inputs;
  if (part === "lies") return lying(inputs);
  return {
    ...inputs,
    device: (...given) => {
      const device = inputs.device(...given);
      return { ...device, ...attacking(device, part, `attacker ${inputs.number}`) };
    },
  };
}

function lastOf(facts: readonly Fact[], who: readonly VolunteerId[]): number {
  const measured = facts.flatMap((fact) =>
    fact.kind === "evaluated" && who.includes(fact.volunteer) ? [fact] : [],
  );
  const last = Math.max(...measured.map(({ body }) => body));
  const of = measured.filter(({ body }) => body === last);
  const sum = (key: "nats" | "bytes") => of.reduce((total, fact) => total + fact[key], 0);
  return sum("nats") / Math.LN2 / sum("bytes");
}

/** Words of a small vocabulary, the first ones far commoner than the last. */
function lines(): string {
  const dice = random("text under review");
  const syllable = () => `${"bdfgklmnprstvz"[dice.below(14)]}${"aeiou"[dice.below(5)]}`;
  const words = Array.from({ length: 300 }, () =>
    Array.from({ length: 1 + dice.below(3) }, syllable).join(""),
  );
  const drawn = () => words[Math.floor(300 * dice.uniform() ** 3)]!;
  const line = () => JSON.stringify({ text: Array.from({ length: 60 }, drawn).join(" ") });
  return Array.from({ length: 100 }, () => `${line()}\n`).join("");
}
