// Where a journal is written: to stdout, or to a file that goes on where it ended [J6].

import { mkdir, open, stat } from "node:fs/promises";
import { dirname, join } from "node:path";
import { InputError } from "@homebody/base";
import type { OpenJournal } from "./open.ts";

export interface Output {
  /** None of stdout. */
  readonly file: { readonly path: string; readonly addedBytes: number } | undefined;
  /** Nobody reads it any more. */
  readonly isClosed: boolean;
  /** Throws an InputError where something else is there. */
  write(bytes: Uint8Array): Promise<void>;
  /** All is written. Throws an InputError where there is more than that. */
  end(): Promise<void>;
  close(): Promise<void>;
}

export function standardOutput(): Output {
  let isClosed = false;
  const closed = (error: NodeJS.ErrnoException) => {
    if (error.code !== "EPIPE") throw error;
    isClosed = true; // as by `| head`
  };
  process.stdout.on("error", closed);
  const text = new TextDecoder();
  return {
    file: undefined,
    get isClosed() {
      return isClosed;
    },
    write: async (bytes) => {
      if (isClosed || process.stdout.write(text.decode(bytes))) return;
      await takesMore(process.stdout);
    },
    end: async () => {},
    close: async () => {
      process.stdout.off("error", closed);
    },
  };
}

/** Or nobody reads it any more. */
function takesMore(stream: NodeJS.WritableStream): Promise<void> {
  return new Promise((resolve) => {
    const done = () => {
      for (const event of ["drain", "error"]) stream.off(event, done);
      resolve();
    };
    for (const event of ["drain", "error"]) stream.on(event, done);
  });
}

/** What is in the file stays, and is held to what is written; what is beyond its end is added. */
export async function outputFile(path: string): Promise<Output> {
  if ((await stat(path).catch(() => undefined))?.isDirectory())
    throw new InputError("--to", "a file", `a folder: ${path}`);
  await mkdir(dirname(path), { recursive: true });
  const handle = await open(path, "a+");
  const { size } = await handle.stat();
  let at = 0;
  const differs = (got: string) =>
    new InputError(
      "--to",
      "a new file, or one that begins as this journal does in this format",
      `${path}, ${got}`,
    );
  return {
    get file() {
      return { path, addedBytes: Math.max(0, at - size) };
    },
    isClosed: false,
    write: async (bytes) => {
      const there = Math.max(0, Math.min(bytes.length, size - at));
      const own = Buffer.alloc(there);
      await handle.read(own, 0, there, at);
      const other = own.findIndex((byte, i) => byte !== bytes[i]);
      if (other >= 0) throw differs(`which has something else at byte ${at + other}`);
      if (there < bytes.length) await handle.appendFile(bytes.subarray(there));
      at += bytes.length;
    },
    end: async () => {
      if (at < size) throw differs(`which has ${size - at} bytes more`);
    },
    close: () => handle.close(),
  };
}

/** In a folder: its name, by which TensorBoard finds it, is the run's. */
export async function eventFile(folder: string, { run, read, where }: OpenJournal): Promise<string> {
  const [first] = await read(run, 0, 1);
  if (first === undefined) throw new InputError(where, "a run", "none");
  return join(folder, `events.out.tfevents.${Math.floor(first.at / 1000)}.homebody-${run.slice(0, 8)}`);
}
