// A coordinator of its own process, as `homebody serve` starts it.

import { spawn } from "node:child_process";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { RunFile } from "@homebody/protocol";
import { ended } from "../../ending.ts";
import { addresses, ports } from "./namespaces.ts";

export interface Serving {
  /** Rejects when it ends by itself. */
  readonly gone: Promise<never>;
  stop(): Promise<void>;
}

const main = fileURLToPath(new URL("../../main.ts", import.meta.url));
const patienceMs = 20_000;
const shownCharacters = 2000;

/** `inside`: a command that becomes the one after it. Its data is in the folder's `data`. */
export function serving(inside: readonly string[], folder: string, file: RunFile): Serving {
  const path = join(folder, "run.yaml");
  writeFileSync(path, JSON.stringify(file)); // which is YAML, too
  const where = [
    "--data",
    join(folder, "data"),
    "--host",
    addresses.far,
    "--port",
    String(ports.coordinator),
  ];
  const [program, ...args] = [
    ...inside,
    process.execPath,
    ...process.execArgv,
    main,
    "serve",
    path,
    ...where,
  ];
  // With the channel it ends when the bench is gone (../../parent.ts).
  const child = spawn(program!, args, { stdio: ["ignore", "ignore", "pipe", "ipc"] });
  let [said, isAsked] = ["", false];
  child.stderr!.setEncoding("utf8").on("data", (text) => {
    said = (said + text).slice(-shownCharacters);
  });
  const gone = new Promise<never>((_, reject) => {
    child.once("close", () => isAsked || reject(new Error(`bench: the coordinator ended: ${said}`)));
  });
  gone.catch(() => {}); // heard by whoever waits for it
  return {
    gone,
    stop: async () => {
      isAsked = true;
      await ended(child, patienceMs);
    },
  };
}
