// npm start: a coordinator with the demonstration run, and volunteers on this machine so that something happens.
//
// State lives in one folder. Ctrl-C ends everything cleanly, and the next start goes on where it was. With
// --rounds the run ends after that many in all, and the last line on stdout is the result as JSON.

import { existsSync } from "node:fs";
import { rename, rm } from "node:fs/promises";
import { resolve } from "node:path";
import { createInterface } from "node:readline/promises";
import { parseArgs } from "node:util";
import { noun } from "@homebody/base";
import { diskInWords, type Figures, firstLast, summary } from "@homebody/coordinator";
import { createServer, type RunningServer, stderrLog } from "@homebody/server";
import { demoRounds, writeDemo } from "./demo/run-file.ts";
import { demoSources } from "./demo/texts.ts";
import { startVolunteers } from "./demo/volunteers.ts";
import { interrupt } from "./interrupt.ts";
import { shownSize } from "./model-size.ts";
import { wholeNumber } from "./options.ts";

export const usage = `
npm start -- [--port 8080] [--data ./data] [--volunteers 2] [--rounds ${demoRounds}] [--end] [--fresh]

  --port N        where the pages are
  --data DIR      where the run's state is kept; the next start goes on from it
  --volunteers N  headless volunteers on this machine; 0 for none
  --rounds N      rounds of the run in all: when it has them, everything ends with a line of JSON
  --end           where --rounds are as few as are done, or fewer: the run ends with them
  --fresh         sets the run in the data folder aside (DIR.1, DIR.2, ...) and begins a new one
`;

interface Options {
  readonly port: number;
  readonly data: string;
  readonly volunteers: number;
  readonly rounds: number | undefined;
  readonly end: boolean;
  readonly fresh: boolean;
}

export async function run(args: readonly string[]): Promise<number> {
  const options = read(args);
  const stop = interrupt();
  try {
    const server = await open(options);
    if (server === undefined) return 0;
    try {
      return await attend(server, options, stop);
    } finally {
      await server.close();
    }
  } finally {
    stop.release();
  }
}

function read(args: readonly string[]): Options {
  const { values } = parseArgs({
    args: [...args],
    options: {
      port: { type: "string", default: "8080" },
      data: { type: "string", default: "data" },
      volunteers: { type: "string", default: "2" },
      rounds: { type: "string" },
      end: { type: "boolean", default: false },
      fresh: { type: "boolean", default: false },
    },
  });
  return {
    port: wholeNumber("--port", values.port, 0, 65535),
    data: resolve(values.data),
    volunteers: wholeNumber("--volunteers", values.volunteers, 0, 64),
    rounds: values.rounds === undefined ? undefined : wholeNumber("--rounds", values.rounds, 1, 1_000_000),
    end: values.end,
    fresh: values.fresh,
  };
}

/** The server, with a run that is not over; undefined where the run is over and nobody wants a fresh one. */
async function open(options: Options): Promise<RunningServer | undefined> {
  const server = await serve(options);
  const finished = server.state().phase.kind === "finished";
  if (options.fresh && server.existed) {
    await server.close();
    await setAside(options.data);
    return await serve(options);
  }
  if (!finished) return server;
  const result = JSON.stringify(summary(server.figures()));
  await server.close();
  say(`The run in ${options.data} is finished after ${server.figures().published} rounds.`);
  if (await wantsFresh()) {
    await setAside(options.data);
    return await serve(options);
  }
  say("For a fresh one, with the old one set aside: npm start -- --fresh");
  say(result);
  return undefined;
}

async function serve({ port, data, rounds, end }: Options): Promise<RunningServer> {
  const isNew = !existsSync(data);
  try {
    return await createServer({
      run: await writeDemo(data),
      dataDir: data,
      port,
      log: stderrLog(process.env.LOG_LEVEL ?? "warn"),
      end,
      // A finished run goes on where more rounds are asked for, not by itself.
      ...(rounds === undefined ? { extend: false } : { rounds }),
    });
  } catch (error) {
    if (isNew) await rm(data, { recursive: true, force: true });
    throw error;
  }
}

async function setAside(data: string): Promise<void> {
  let n = 1;
  while (existsSync(`${data}.${n}`)) n += 1;
  await rename(data, `${data}.${n}`);
  say(`The old run is kept in ${data}.${n}.`);
}

async function wantsFresh(): Promise<boolean> {
  if (!process.stdin.isTTY || !process.stdout.isTTY) return false;
  const terminal = createInterface({ input: process.stdin, output: process.stdout });
  const answer = await terminal.question("Begin a fresh one, and keep the old one beside it? [y/N] ");
  terminal.close();
  return /^y(es)?$/i.test(answer.trim());
}

async function attend(
  server: RunningServer,
  options: Options,
  stop: ReturnType<typeof interrupt>,
): Promise<number> {
  const { name, rounds } = server.figures();
  say("");
  say(`  ${name}: ${server.existed ? "going on" : "a new run"}, ${rounds} rounds in all`);
  say("");
  say(`  Volunteer page   ${server.url}/`);
  say(`  Dashboard        ${server.url}/dashboard`);
  say(`  Admin token      in ${server.adminTokenPath} (for ${server.url}/admin)`);
  say(`  Model            ${shownSize(server.state().manifest)}`);
  say(`  Disk             ${diskInWords(server.state())}`);
  say(`  Volunteers here  ${options.volunteers}`);
  say("");
  const volunteers = startVolunteers(
    demoSources.map(({ id }) => id),
    { count: options.volunteers, url: server.url, dataDir: options.data },
  );
  const tell = narrator(server);
  const telling = setInterval(tell, 500);
  try {
    const ended = server.finished.then(() => "finished" as const);
    const left = stop.came.then(() => "stopped" as const);
    let why = await Promise.race([ended, left, volunteers.failed]);
    tell();
    if (why === "finished" && options.rounds === undefined) {
      say(
        `The run is finished; its pages stay open until Ctrl-C. ${JSON.stringify(summary(server.figures()))}`,
      );
      await left;
      why = "stopped";
    }
    if (why === "stopped") say("Stopping; the next start goes on from here.");
    await volunteers.stop();
    if (why === "finished") say(JSON.stringify(summary(server.figures())));
    return 0;
  } finally {
    clearInterval(telling);
    await volunteers.stop();
  }
}

/** Says what a person who looks at the terminal wants to know: each round, and how well its body predicts. */
function narrator(server: RunningServer): () => void {
  let shown = server.figures().published;
  let scored = shown;
  let opened = 0;
  return () => {
    const figures = server.figures();
    while (shown < figures.published) {
      shown += 1;
      say(`Round ${shown} of ${figures.rounds}: published`);
    }
    while (scored < shown && (scored + 1 < shown || isScored(figures, scored + 1))) {
      scored += 1;
      const scores = scoresOf(figures, scored);
      if (scores !== "") say(`  Held-out bits per byte: ${scores}`);
    }
    if (figures.phase === "training" && figures.round > Math.max(opened, shown)) {
      opened = figures.round;
      const count = figures.roundList.at(-1)?.assigned.length ?? 0;
      say(`Round ${figures.round} of ${figures.rounds}: ${count} ${noun(count, "volunteer")} training`);
    }
  };
}

const scoreOf = (figures: Figures, source: string, body: number) =>
  figures.scores[source]?.find((score) => score.body === body);

/** Whether each source whose deltas are in the body has scored it. */
function isScored(figures: Figures, body: number): boolean {
  const sources = figures.deltas.filter(({ round }) => round === body).map(({ source }) => source);
  return sources.every((source) => scoreOf(figures, source, body) !== undefined);
}

function scoresOf(figures: Figures, body: number): string {
  const parts = figures.sources.flatMap(({ id }) => {
    const [now, first] = [scoreOf(figures, id, body), firstLast(figures, id)?.first];
    if (now === undefined || first === undefined) return [];
    return [`${id} ${now.bitsPerByte.toFixed(2)} (${first.toFixed(2)} at first)`];
  });
  return parts.join(", ");
}

function say(line: string): void {
  process.stdout.write(`${line}\n`);
}
