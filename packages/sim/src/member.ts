// A volunteer over the whole of a run: it comes, takes part, loses its line, goes, and comes back with what is on its disk. When,
// how fast and how it goes follows from the seed and its number.

import { random, type SourceId, sha256OfText, type VolunteerId } from "@homebody/base";
import type { Clock } from "@homebody/clock";
import { type Life, life } from "@homebody/clock/memory";
import type { MemoryNet } from "@homebody/line/memory";
import { type RunManifest, volunteerOf } from "@homebody/protocol";
import type { MemoryHost } from "@homebody/service/memory";
import { type Device, type Disk, type Ending, startVolunteer, type Text } from "@homebody/volunteer";
import type { DeviceTimes } from "@homebody/volunteer/memory";
import {
  type Conditions,
  drawDeparture,
  drawDevice,
  drawEvaluateMs,
  drawStepMs,
  drawTravelMs,
  exponential,
  happens,
  stopping,
} from "./conditions.ts";

export interface MemberInputs {
  readonly seed: number;
  readonly number: number;
  readonly manifest: RunManifest;
  readonly source: SourceId;
  readonly text: Text;
  readonly host: Pick<MemoryHost, "clock" | "net">;
  readonly conditions: Conditions;
  readonly disk: Disk;
  readonly device: (clock: Clock, times: DeviceTimes) => Device & { release?(): void };
}

/** Who it is to the coordinator. */
export const memberId = (seed: number, number: number): VolunteerId =>
  volunteerOf(secretOf(nameOf(seed, number)));

/** How it ended that it took part, after which it does not come back. */
export type MemberEnd = "left" | "finished" | "removed";

/** Rejects where a session ends as none should. */
export async function takePart(inputs: MemberInputs): Promise<MemberEnd> {
  const { seed, number, conditions, host } = inputs;
  const { clock } = host;
  const name = nameOf(seed, number);
  const dice = random(name);
  const device = drawDevice(conditions, dice);
  const times: DeviceTimes = {
    ownMark: number / 1e4,
    startMs: conditions.startMs,
    stepMs: () => drawStepMs(conditions, device, dice),
    evaluateMs: () => drawEvaluateMs(conditions, device, dice),
  };

  /** Undefined where it comes back. */
  async function stay(): Promise<MemberEnd | undefined> {
    const own = life();
    const net = host.net(name, (direction, bytes) =>
      drawTravelMs(conditions, device, { direction, bytes }, dice),
    );
    let isDying = false;
    let died = () => {};
    const death = new Promise<void>((resolve) => {
      died = resolve;
    });
    const moment = () => {
      if (!isDying || !happens(stopping.chance, dice)) return;
      own.end();
      died();
    };
    const ownDevice = inputs.device(own.clock(clock), times);
    const volunteer = await startVolunteer({
      ...{ manifest: inputs.manifest, source: inputs.source, files: null, text: inputs.text, host: "node" },
      ...{ secret: secretOf(name), wordsSecret: secretOf(`${name}/words`) },
      ...{ net, disk: own.port(inputs.disk, moment), device: ownDevice, clock: own.clock(clock) },
      snapshotMs: 30_000,
    });
    void loseLines(net, own);
    const going = new AbortController();
    const goes = clock.sleep(exponential(conditions.stayMs, dice), going.signal).then(() => null);
    const ending = await Promise.race([volunteer.ended, goes]);
    going.abort();
    const departure = ending === null ? drawDeparture(conditions, dice) : "closes";
    isDying = departure === "crashes";
    if (departure === "leaves") await volunteer.leave();
    if (departure === "closes") await volunteer.close();
    if (departure === "crashes") await Promise.race([death, clock.sleep(exponential(stopping.ms, dice))]);
    own.end();
    net.cut();
    ownDevice.release?.();
    if (ending === null) return departure === "leaves" ? "left" : undefined;
    return endOf(ending);
  }

  async function loseLines(net: MemoryNet, own: Life): Promise<void> {
    for (;;) {
      await clock.sleep(exponential(conditions.connectedMs, dice));
      if (own.isOver()) return;
      net.cut();
      await clock.sleep(exponential(conditions.outageMs, dice));
      if (own.isOver()) return;
      net.mend();
    }
  }

  await clock.sleep(conditions.arrivalMs * dice.uniform());
  for (;;) {
    const end = await stay();
    if (end !== undefined) return end;
    await clock.sleep(exponential(conditions.awayMs, dice));
  }
}

/** After an ending that it did not ask for. */
function endOf(ending: Ending): MemberEnd | undefined {
  // A connection of before its device stopped dead may look like another one of its own.
  if (ending === "replaced") return undefined;
  if (ending === "finished" || ending === "removed") return ending;
  throw new Error(`session: expected it to go on or the run to end, got ${ending}`);
}

const nameOf = (seed: number, number: number) => `${seed}/volunteer ${number}`;
const secretOf = (name: string) => sha256OfText(name);
