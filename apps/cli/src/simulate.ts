// homebody simulate: a whole run in one process and in virtual time, before anybody takes part in the real one.

import { type FileHandle, open } from "node:fs/promises";
import { parseArgs } from "node:util";
import type { RunId } from "@homebody/base";
import { loadRunFile, manifestServed, readStart } from "@homebody/server";
import { journalLines } from "@homebody/service";
import { type HostDisk, hostDisk } from "@homebody/service/memory";
import { type Conditions, defaultConditions, simulate } from "@homebody/sim";
import { onlyArgument, positiveNumber, wholeNumber } from "./options.ts";
import { reported } from "./reported.ts";

/** Conditions that may be said: the option, the condition, and how much one of its unit is. */
const said = [
  ["step-seconds", "stepMs", 1000],
  ["stay-minutes", "stayMs", 60_000],
  ["away-minutes", "awayMs", 60_000],
  ["connected-minutes", "connectedMs", 60_000],
  ["outage-seconds", "outageMs", 1000],
  ["delay-ms", "delayMs", 1],
  ["up-kilobytes", "upBytesPerSecond", 1000],
  ["down-kilobytes", "downBytesPerSecond", 1000],
] as const satisfies readonly (readonly [string, keyof Conditions, number])[];

const usually = (option: (typeof said)[number][0]) => {
  const [, key, unit] = said.find(([name]) => name === option)!;
  return defaultConditions[key] / unit;
};

export const usage = `
homebody simulate RUN.yaml --volunteers N --rounds R --seed S [--stub-training] [--journal FILE]
                  [--step-seconds X] [--stay-minutes X] [--away-minutes X] [--connected-minutes X]
                  [--outage-seconds X] [--delay-ms X] [--up-kilobytes X] [--down-kilobytes X]

The run that RUN.yaml describes, whole, in this process and in virtual time: the coordinator and the volunteers are the real
ones; devices, lines and people follow from the seed. The same seed gives the same bytes. The last line on stdout is the
result as JSON, with the hashes of the journal and of the last body. Brought text is drawn from the seed too.

  --volunteers N         dealt out to the run's sources in turn
  --rounds R             of the run, whatever its file says
  --seed S               a whole number
  --stub-training        training is replaced by its cost; without it the engine trains on WebAssembly
  --journal FILE         journal.jsonl, as the coordinator would serve it, is written here

How it is for the volunteers; devices and people differ from each other around these:

  --step-seconds X       of a local step, the median of devices (${usually("step-seconds")})
  --stay-minutes X       how long a volunteer stays, on average (${usually("stay-minutes")})
  --away-minutes X       until it is back, on average; some never are (${usually("away-minutes")})
  --connected-minutes X  until a connection is lost, on average (${usually("connected-minutes")})
  --outage-seconds X     until it is back, on average (${usually("outage-seconds")})
  --delay-ms X           of a message, one way, the median of lines (${usually("delay-ms")})
  --up-kilobytes X       a second, the median of lines (${usually("up-kilobytes")})
  --down-kilobytes X     a second, the median of lines (${usually("down-kilobytes")})

packages/sim/src/conditions.ts says from which distribution each of it is drawn.
`;

interface Options {
  readonly path: string;
  readonly volunteers: number;
  readonly rounds: number;
  readonly seed: number;
  readonly stubTraining: boolean;
  readonly journal: string | undefined;
  readonly conditions: Partial<Conditions>;
}

export async function run(args: readonly string[]): Promise<number> {
  const options = read(args);
  return await reported(async (line, { signal }) => {
    const began = performance.now();
    const { path, rounds, journal } = options;
    const { file, folder } = await loadRunFile(path);
    const written = journal === undefined ? undefined : await open(journal, "w"); // said now if it cannot be
    const disk = hostDisk();
    line.show("preparing the texts");
    const start = await readStart(file, folder);
    const manifest = { ...(await manifestServed(file, folder, disk.blobs, { start })), rounds };
    const outcome = await simulate(manifest, {
      ...options,
      disk,
      ...(start && { host: { given: await start.numbers() } }),
      published: (round, accepted) => {
        signal.throwIfAborted();
        line.show(`round ${round} of ${rounds}: published, ${accepted} deltas accepted so far`);
      },
    });
    if (written !== undefined) await writeJournal(written, disk, manifest.run);
    const wallSeconds = Math.round(performance.now() - began) / 1000;
    return `${JSON.stringify({ ...outcome, wallSeconds })}\n`;
  });
}

async function writeJournal(file: FileHandle, { journal }: HostDisk, id: RunId): Promise<void> {
  try {
    for await (const lines of journalLines(journal, id)) await file.write(lines);
  } finally {
    await file.close();
  }
}

function read(args: readonly string[]): Options {
  const { values, positionals } = parseArgs({
    args: [...args],
    allowPositionals: true,
    options: {
      volunteers: { type: "string" },
      rounds: { type: "string" },
      seed: { type: "string" },
      "stub-training": { type: "boolean", default: false },
      journal: { type: "string" },
      "step-seconds": { type: "string" },
      "stay-minutes": { type: "string" },
      "away-minutes": { type: "string" },
      "connected-minutes": { type: "string" },
      "outage-seconds": { type: "string" },
      "delay-ms": { type: "string" },
      "up-kilobytes": { type: "string" },
      "down-kilobytes": { type: "string" },
    },
  });
  const path = onlyArgument("simulate", "one run file", positionals);
  const given = said.flatMap(([option, condition, unit]) => {
    const text = values[option];
    return text === undefined ? [] : [[condition, unit * positiveNumber(`--${option}`, text, 1e9)]];
  });
  return {
    path,
    volunteers: wholeNumber("--volunteers", values.volunteers ?? "", 1, 100_000),
    rounds: wholeNumber("--rounds", values.rounds ?? "", 1, 1_000_000),
    seed: wholeNumber("--seed", values.seed ?? "", 0, 2 ** 32 - 1),
    stubTraining: values["stub-training"],
    journal: values.journal,
    conditions: Object.fromEntries(given),
  };
}
