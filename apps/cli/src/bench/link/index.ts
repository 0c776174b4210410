// The same share as ../overlap, for real: `homebody serve` in one network namespace, a volunteer that really trains in another,
// and between them a line that the kernel shapes. For root on Linux; what is made of it is gone with its processes.

import { mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { availableParallelism, tmpdir } from "node:os";
import { join } from "node:path";
import type { Fact } from "@homebody/coordinator";
import { exchangeOf } from "@homebody/dept";
import { manifestOf, type RunManifest } from "@homebody/protocol";
import { interrupt } from "../../interrupt.ts";
import { openJournal } from "../../journal/open.ts";
import { pagesOf } from "../../journal/pages.ts";
import { quantile } from "../coordinator/figures.ts";
import { processAt } from "../coordinator/processes.ts";
import { runFile, tenMillion } from "../overlap/run.ts";
import { delayMs, megabits } from "../overlap/shaped.ts";
import { serving } from "./coordinator.ts";
import type { FromVolunteer, Played, Probed, Span, ToVolunteer } from "./messages.ts";
import { type Namespaces, openNamespaces, ports, requireTools } from "./namespaces.ts";

export interface LinkRow {
  readonly overlap: RunManifest["overlap"];
  readonly parameters: number;
  readonly rounds: number;
  readonly localSteps: number;
  readonly threads: number;
  /** From the opening of one round to that of the next, in the middle. */
  readonly secondsARound: number;
  /** In the middle. */
  readonly stepMs: number;
  /** Of the time between the volunteer's first step and its last, evaluation apart: that of steps that counted. */
  readonly trainingShare: number;
  /** The same from the first step of a round to that of the next, of the round in the middle: where others use the machine, too. */
  readonly trainingShareOfRound: number;
  /** Of the same time: batches that were evaluated. */
  readonly evaluationShare: number;
  /** Of the same time, by what the volunteer said that it did. */
  readonly shares: Readonly<Record<string, number>>;
  /** Of all deltas, those that started ahead of their body. */
  readonly aheadShare: number;
  readonly roundsOfVolunteer: number;
  /** A round, by the volunteer's own ledger, without what it had before its first step: the first body. */
  readonly sentBytes: number;
  readonly receivedBytes: number;
  /** A round, with headers and all, by the volunteer's network card; the first body is among it. */
  readonly wireUpBytes: number;
  readonly wireDownBytes: number;
  readonly line: Probed;
}

export interface LinkOptions {
  readonly rounds: number;
  /** Of a round; null: as many as take ten seconds here. */
  readonly steps: number | null;
  /** Of the volunteer; null: all cores but one, which the coordinator has. */
  readonly threads: number | null;
  /** A folder a source. */
  readonly texts: string;
  /** Hears what there is to say while it works. */
  readonly say: (line: string) => void;
}

const secondsOfRound = 10;
const source = "es";
/** Of the text, which is cut after a line. */
const mostBytes = 2_000_000;
const first = { rounds: 2, localSteps: 4 } as const;
const url = `http://127.0.0.1:${ports.coordinator}`;

interface Setting {
  readonly namespaces: Namespaces;
  readonly folder: string;
  readonly text: string;
  readonly threads: number;
}

interface Run {
  readonly overlap: RunManifest["overlap"];
  readonly rounds: number;
  readonly localSteps: number;
}

/** Blocking rounds, then as many eager ones. */
export async function* measureLinks(options: LinkOptions): AsyncGenerator<LinkRow> {
  const { rounds, say } = options;
  await requireTools();
  const stop = interrupt();
  const folder = await mkdtemp(join(tmpdir(), "homebody-bench-link-"));
  let namespaces: Namespaces | undefined;
  try {
    const text = await textIn(folder, options.texts);
    namespaces = await openNamespaces();
    const threads = options.threads ?? Math.max(1, availableParallelism() - 1);
    const setting: Setting = { namespaces, folder, text, threads };
    const unlessStopped = <T>(work: Promise<T>) => Promise.race([work, stop.came.then(interrupted)]);
    const line = await unlessStopped(probed(namespaces));
    say(lineInWords(line));
    let localSteps = options.steps;
    if (localSteps === null) {
      const { stepMs } = await unlessStopped(play(setting, { overlap: "off", ...first }));
      localSteps = Math.max(1, Math.round((1000 * secondsOfRound) / stepMs));
      say(
        `A step takes ${stepMs.toFixed(0)} ms on ${threads} of ${availableParallelism()} cores: ${localSteps} steps a round.`,
      );
    }
    for (const overlap of ["off", "eager"] as const)
      yield { ...(await unlessStopped(play(setting, { overlap, rounds, localSteps }))), line };
  } finally {
    await namespaces?.close();
    await rm(folder, { recursive: true, force: true });
    stop.release();
  }
}

function interrupted(): never {
  throw new Error("bench: interrupted");
}

async function textIn(folder: string, texts: string): Promise<string> {
  const whole = await readFile(join(texts, source, "train.jsonl"));
  const path = join(folder, `${source}.jsonl`);
  await writeFile(path, whole.subarray(0, whole.lastIndexOf(10, mostBytes) + 1));
  return path;
}

const startVolunteer = ({ inside }: Namespaces) =>
  processAt<ToVolunteer, FromVolunteer>(new URL("./volunteer.ts", import.meta.url), inside("near"));

async function probed(namespaces: Namespaces): Promise<Probed> {
  const volunteer = startVolunteer(namespaces);
  try {
    const bytes = { up: (2e6 * megabits.up) / 8, down: (2e6 * megabits.down) / 8 };
    const probe = { url: `http://127.0.0.1:${ports.probe}`, bytes };
    return (await volunteer.ask({ kind: "probe", ...probe })) as Probed;
  } finally {
    await volunteer.end();
  }
}

const lineInWords = ({ roundTripMs, upMegabits, downMegabits }: Probed) =>
  `The line: ${roundTripMs.toFixed(1)} ms there and back (of ${2 * delayMs}), ${upMegabits.toFixed(2)} Mbit/s up (of ${megabits.up}), ` +
  `${downMegabits.toFixed(1)} Mbit/s down (of ${megabits.down}).`;

async function play(setting: Setting, run: Run): Promise<Omit<LinkRow, "line">> {
  const { namespaces, text, threads } = setting;
  const folder = await mkdtemp(join(setting.folder, `${run.overlap}-`));
  const file = runFile({ ...run, ...tenMillion, sources: [source], minimum: 1 });
  const coordinator = serving(namespaces.inside("far"), folder, file);
  const volunteer = startVolunteer(namespaces);
  try {
    const dataDir = join(folder, "volunteer");
    await mkdir(dataDir);
    const before = await namespaces.passed();
    const asked = { kind: "play", url, text, dataDir, threads } as const;
    const played = (await Promise.race([volunteer.ask(asked), coordinator.gone])) as Played;
    const after = await namespaces.passed();
    await coordinator.stop();
    const facts = await factsIn(join(folder, "data"));
    return {
      ...{ ...run, threads, parameters: parametersOf(manifestOf(file, new Map())) },
      ...rowOf(run, played, facts),
      wireUpBytes: Math.round((after.up - before.up) / run.rounds),
      wireDownBytes: Math.round((after.down - before.down) / run.rounds),
    };
  } finally {
    await volunteer.end();
    await coordinator.stop();
  }
}

type TimedFact = Fact & { readonly at: number };

async function factsIn(dataDir: string): Promise<readonly TimedFact[]> {
  const journal = await openJournal(dataDir);
  try {
    const facts: TimedFact[] = [];
    const following = { follow: false, signal: new AbortController().signal, waits: () => {} };
    for await (const entries of pagesOf(journal, following))
      for (const { fact, at } of entries) facts.push({ ...(fact as Fact), at });
    return facts;
  } finally {
    await journal.close();
  }
}

const parametersOf = (manifest: RunManifest) =>
  exchangeOf(manifest).sections.reduce((sum, { layout }) => sum + layout.size, 0);

function rowOf({ rounds, localSteps }: Run, played: Played, facts: readonly TimedFact[]) {
  const { steps, evaluations, doingMs } = played;
  const accepted = facts.filter((fact) => fact.kind === "accepted");
  const opened = facts.filter(({ kind }) => kind === "opened").map(({ at }) => at);
  const counted = accepted.reduce((sum, fact) => sum + fact.steps, 0) / steps.length;
  const whole: Span = { from: steps[0]!.from, to: steps.at(-1)!.to };
  const firsts = steps.filter((_, i) => i % localSteps === 0).map(({ from }) => from);
  const ofRounds = firsts.slice(1).map((to, i): Span => ({ from: firsts[i]!, to }));
  const training = (span: Span) =>
    lengthIn(span, steps) / (span.to - span.from - lengthIn(span, evaluations));
  const share = (ms: number) => ms / (whole.to - whole.from);
  const inSteps = lengthIn(whole, steps);
  const { train = 0, ...others } = doingMs;
  const parts = { step: inSteps, "between steps": train - inSteps, ...others };
  return {
    secondsARound: median(opened.slice(1).map((at, i) => (at - opened[i]!) / 1000)),
    stepMs: median(steps.map(({ from, to }) => to - from)),
    trainingShare: counted * training(whole),
    trainingShareOfRound: counted * median(ofRounds.map(training)),
    evaluationShare: share(lengthIn(whole, evaluations)),
    shares: Object.fromEntries(Object.entries(parts).map(([what, ms]) => [what, share(ms)])),
    aheadShare: accepted.filter(({ body }) => body !== undefined).length / accepted.length,
    roundsOfVolunteer: accepted.length,
    sentBytes: Math.round(played.sentBytes / rounds),
    receivedBytes: Math.round(played.receivedBytes / rounds),
  };
}

/** Of what began within a span. */
const lengthIn = (span: Span, spans: readonly Span[]) =>
  spans
    .filter(({ from }) => from >= span.from && from < span.to)
    .reduce((sum, { from, to }) => sum + to - from, 0);

const median = (numbers: readonly number[]) => quantile(numbers, 0.5);
