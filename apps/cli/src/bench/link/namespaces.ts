// Two network namespaces with a line between them: its rate is the kernel's (tbf), its delay a relay's at the volunteer's end,
// since not every kernel has netem. A namespace lives as long as the process that holds it, so nothing of it can be left behind.

import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { InputError } from "@homebody/base";
import { type BenchProcess, processAt } from "../coordinator/processes.ts";
import { megabits } from "../overlap/shaped.ts";
import type { Bytes, ToEnd } from "./messages.ts";

export type End = "near" | "far";

/** The same at both ends: what is sent to one of them near is passed on to the far end. */
export const ports = { coordinator: 8080, probe: 8081 } as const;
export const addresses = { near: "10.77.0.2", far: "10.77.0.1" } as const;

export interface Namespaces {
  /** A command that becomes the one after it, at this end. */
  inside(end: End): readonly string[];
  /** By the kernel's count at the near end. */
  passed(): Promise<Bytes>;
  close(): Promise<void>;
}

/** How much may wait for its turn: what is more is lost, as in a router. */
const queue = { burst: "32kb", latency: "200ms" } as const;
const card = "line";

const run = promisify(execFile);

export async function openNamespaces(): Promise<Namespaces> {
  const held: Record<End, BenchProcess<ToEnd, null>> = {
    far: processAt(new URL("./probe.ts", import.meta.url), ["unshare", "--net"]),
    near: processAt(new URL("./delay.ts", import.meta.url), ["unshare", "--net"]),
  };
  const ends = Object.values(held);
  const inside = (end: End) => ["nsenter", `--target=${held[end].pid}`, "--net"];
  const close = async () => {
    for (const end of ends) await end.end();
  };
  try {
    for (const end of ends) await end.ask({ kind: "stand" }); // by now it has its namespace
    await connect(held.near.pid, held.far.pid);
    await setUp("near", megabits.up, inside("near"));
    await setUp("far", megabits.down, inside("far"));
    for (const end of ends) await end.ask({ kind: "work" });
  } catch (error) {
    await close();
    throw error;
  }
  return { inside, passed: () => passedAt(inside("near")), close };
}

/** Throws an InputError that says what lacks. */
export async function requireTools(): Promise<void> {
  const expected = "root on Linux, with ip and tc (Debian: iproute2), unshare and nsenter (util-linux)";
  if (process.platform !== "linux") throw new InputError("bench link", expected, process.platform);
  if (process.getuid?.() !== 0) throw new InputError("bench link", expected, `user ${process.getuid?.()}`);
  const tools = [
    ["ip", "-V"],
    ["tc", "-V"],
    ["unshare", "--version"],
    ["nsenter", "--version"],
  ] as const;
  for (const [tool, version] of tools)
    await run(tool, [version]).catch(() => {
      throw new InputError("bench link", expected, `no ${tool}`);
    });
}

async function connect(near: number, far: number): Promise<void> {
  const one = (pid: number) => ["name", card, "netns", String(pid)];
  await run("ip", ["link", "add", ...one(near), "type", "veth", "peer", ...one(far)]);
}

async function setUp(end: End, rate: number, inside: readonly string[]): Promise<void> {
  const commands = [
    "ip link set lo up",
    `ip address add ${addresses[end]}/30 dev ${card}`,
    `ip link set ${card} up`,
    `tc qdisc add dev ${card} root tbf rate ${rate}mbit burst ${queue.burst} latency ${queue.latency}`,
  ];
  for (const command of commands) await runIn(inside, command);
}

async function passedAt(inside: readonly string[]): Promise<Bytes> {
  const [link] = JSON.parse(await runIn(inside, `ip -json -statistics link show dev ${card}`));
  return { up: link.stats64.tx.bytes, down: link.stats64.rx.bytes };
}

/** What it wrote. */
async function runIn(inside: readonly string[], command: string): Promise<string> {
  const [program, ...args] = [...inside, ...command.split(" ")];
  return (await run(program!, args)).stdout;
}
