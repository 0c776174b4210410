// The volunteer's end in memory, and what brings it to the coordinator's.

import type { Cancel, Clock } from "@homebody/clock";
import { type Entrance, type Line, type LineListener, type Net, NetError } from "../ports.ts";
import { type Travel, type Wire, wire } from "./wire.ts";

export interface MemoryNetOptions {
  readonly entrance: Entrance;
  readonly clock: Clock;
  /** What is there to download, by path, in memory of its own. */
  readonly file: (path: string) => Promise<Uint8Array | undefined>;
  readonly address?: string;
  /** Without it nothing takes any time. */
  readonly travel?: Travel;
}

export interface MemoryNet extends Net {
  /** Loses all connections, and what is on its way; there is none again until it is mended, and no download. */
  cut(): void;
  /** The next download breaks off after so many bytes, and goes on from there. */
  breakOff(bytes: number): void;
  /** Lines go silent: nothing passes, and nobody is told that it does not; downloads go on. What was on its way comes with `mend`. */
  hush(): void;
  mend(): void;
}

const againMs = 2000; // as on the real line, after one that the coordinator ended or did not admit

interface Member {
  /** Connects where that is possible now. */
  up(): void;
  cut(): void;
  hush(): void;
  speak(): void;
}

export function memoryNet(options: MemoryNetOptions): MemoryNet {
  const { clock, travel = () => 0 } = options;
  const members = new Set<Member>();
  let isCut = false;
  let isHushed = false;
  let breaksAt = Number.POSITIVE_INFINITY;

  function connect(listener: LineListener): Line {
    let current: Wire | undefined;
    let isClosed = false;
    let cancel: Cancel = () => {};
    const later = () => {
      cancel = clock.after(againMs, member.up);
    };
    const over = () => {
      current = undefined;
      listener.down();
      if (!isCut) later();
    };
    const member: Member = {
      up: () =>
        queueMicrotask(() => {
          if (isCut || isHushed || isClosed || current !== undefined) return;
          current = wire({ ...options, travel, listener, over });
          if (current === undefined) later();
          else listener.up();
        }),
      cut() {
        cancel();
        current?.cut();
      },
      hush() {
        if (current === undefined) return;
        current.hush();
        listener.silent?.(true);
      },
      speak() {
        if (current === undefined) return member.up();
        listener.silent?.(false);
        current.speak();
      },
    };
    members.add(member);
    member.up();
    return {
      ask: (event, message) =>
        current?.ask(event, message) ??
        Promise.reject(new NetError(`${event}: no connection to the coordinator`)),
      tell: (event, message) => current?.tell(event, message),
      close: () => {
        isClosed = true;
        members.delete(member);
        cancel();
        current?.close();
        current = undefined;
      },
    };
  }

  async function travels(
    sizeBytes: number,
    progress: (bytes: number) => void,
    signal: AbortSignal,
  ): Promise<void> {
    const first = Math.min(breaksAt, sizeBytes);
    breaksAt = Number.POSITIVE_INFINITY;
    await clock.sleep(travel("down", first), signal);
    if (first === sizeBytes) return;
    progress(first);
    await clock.sleep(travel("down", sizeBytes - first), signal);
  }

  async function download(
    path: string,
    sizeBytes: number | null,
    progress: (bytes: number) => void,
    signal: AbortSignal,
  ): Promise<Uint8Array> {
    signal.throwIfAborted();
    const file = isCut ? undefined : await options.file(path);
    if (file !== undefined) await travels(file.length, progress, signal);
    signal.throwIfAborted();
    if (isCut || file === undefined) throw new NetError(`${path}: expected the file, got none`);
    if (sizeBytes !== null && file.length > sizeBytes)
      throw new NetError(`${path}: expected ${sizeBytes} bytes, got more`);
    progress(file.length);
    return file;
  }

  return {
    connect,
    download,
    cut: () => {
      isCut = true;
      for (const member of members) member.cut();
    },
    breakOff: (bytes) => {
      breaksAt = bytes;
    },
    hush: () => {
      isHushed = true;
      for (const member of members) member.hush();
    },
    mend: () => {
      [isCut, isHushed] = [false, false];
      for (const member of members) member.speak();
    },
  };
}
