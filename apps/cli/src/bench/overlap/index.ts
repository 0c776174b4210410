// What an eager run's volunteers do with their time beside a blocking one's, and what comes of it: whole simulated runs over a
// shaped line. The coordinator, codecs and averaging are the real ones and take no virtual time; a step takes half a second of it.

import type { MemoryClock } from "@homebody/clock/memory";
import type { Fact } from "@homebody/coordinator";
import { exchangeOf } from "@homebody/dept";
import { manifestOf, type RunManifest } from "@homebody/protocol";
import { type MemberInputs, quietConditions, startSimulation, type Texts } from "@homebody/sim";
import { bitsPerByte } from "@homebody/text";
import { oneMillion, runFile, tenMillion } from "./run.ts";
import { shapedLine } from "./shaped.ts";
import { realTexts } from "./texts.ts";
import { type Spent, spending } from "./time.ts";

export interface OverlapRow {
  readonly overlap: RunManifest["overlap"];
  /** By the engine; else by a cost model. */
  readonly trained: boolean;
  readonly parameters: number;
  readonly volunteers: number;
  readonly rounds: number;
  /** Of the run, from the opening of its first round to its end. */
  readonly seconds: number;
  /** From the opening of one round to that of the next, in the middle. */
  readonly secondsARound: number;
  /** Of the time between a volunteer's first step and its last, evaluation apart: that of steps that counted. The mean. */
  readonly trainingShare: number;
  /** Of the same time. */
  readonly evaluationShare: number;
  /** Of all deltas, those that started ahead of their body. */
  readonly aheadShare: number;
  /** Of the last body, by source; null where nothing is trained. */
  readonly bitsPerByte: Readonly<Record<string, number>> | null;
}

export interface OverlapOptions {
  readonly rounds: number;
  readonly volunteers: number;
  /** A folder a source, for a body of a million that is really trained; null: one of ten million, by the cost model. */
  readonly texts: string | null;
}

const stepMs = 500;
const localSteps = 20;
const ids = ["es", "ja", "ru"] as const;
/** Of virtual time. */
const longestMs = 1e9;

/** Blocking rounds, as many eager ones, and as many eager ones as take the time of the blocking ones, where that is more. */
export async function* measureOverlaps(options: OverlapOptions): AsyncGenerator<OverlapRow> {
  const blocking = await measureOverlap("off", options);
  yield blocking;
  const eager = await measureOverlap("eager", options);
  yield eager;
  const rounds = Math.round((options.rounds * blocking.seconds) / eager.seconds);
  if (rounds > options.rounds) yield await measureOverlap("eager", { ...options, rounds });
}

async function measureOverlap(overlap: RunManifest["overlap"], options: OverlapOptions): Promise<OverlapRow> {
  const { volunteers, texts: folder } = options;
  const manifest = manifestFor(overlap, options);
  const texts = folder === null ? undefined : await realTexts(manifest, folder);
  const spent: Spent[] = [];
  const { host, check } = await startSimulation(manifest, {
    ...{ volunteers, seed: 1, stubTraining: texts === undefined },
    conditions: { ...quietConditions, startMs: 0, stepMs, stepJitter: 0.02 },
    ...(texts === undefined ? {} : { texts }),
    member: (inputs) => onShapedLine(inputs, texts, (own) => spent.push(own)),
  });
  const isOver = () => {
    check();
    return host.service().state().phase.kind === "finished";
  };
  await host.clock.until("the end", isOver, longestMs);
  const facts = (await host.entries()).map(({ fact, at }) => ({ ...fact, at }));
  await host.close();
  const trained = texts !== undefined;
  const scores = trained ? lastScores(manifest, facts) : null;
  return { overlap, trained, volunteers, ...timesOf(manifest, facts, spent), bitsPerByte: scores };
}

function manifestFor(overlap: RunManifest["overlap"], { rounds, volunteers, texts }: OverlapOptions) {
  const size = texts === null ? tenMillion : oneMillion;
  const file = runFile({ ...size, overlap, sources: ids, localSteps, rounds, minimum: volunteers });
  return manifestOf(file, new Map());
}

function onShapedLine(
  inputs: MemberInputs,
  texts: Texts | undefined,
  began: (spent: Spent) => void,
): MemberInputs {
  const { clock } = inputs.host;
  const text = texts?.get(inputs.source) ?? inputs.text;
  const net: MemberInputs["host"]["net"] = (name) => inputs.host.net(name, shapedLine(clock as MemoryClock));
  return { ...inputs, text, host: { clock, net }, device: spending(inputs.device, clock, began) };
}

type TimedFact = Fact & { readonly at: number };

function timesOf(
  manifest: RunManifest,
  facts: readonly TimedFact[],
  spent: readonly Spent[],
): Omit<OverlapRow, "overlap" | "trained" | "volunteers" | "bitsPerByte"> {
  const accepted = facts.filter((fact) => fact.kind === "accepted");
  const opened = facts.filter(({ kind }) => kind === "opened").map(({ at }) => at);
  const mean = (of: (own: Spent) => number) => spent.reduce((sum, own) => sum + of(own), 0) / spent.length;
  const wall = ({ firstMs, lastMs }: Spent) => lastMs - firstMs;
  const steps = accepted.reduce((sum, { steps }) => sum + steps, 0);
  const made = spent.reduce((sum, own) => sum + own.steps, 0);
  return {
    parameters: exchangeOf(manifest).sections.reduce((sum, { layout }) => sum + layout.size, 0),
    rounds: manifest.rounds,
    seconds: (facts.at(-1)!.at - opened[0]!) / 1000,
    secondsARound: (opened.at(-1)! - opened[1]!) / (opened.length - 2) / 1000,
    trainingShare: (steps / made) * mean((own) => own.trainingMs / (wall(own) - own.evaluatingMs)),
    evaluationShare: mean((own) => own.evaluatingMs / wall(own)),
    aheadShare: accepted.filter(({ body }) => body !== undefined).length / accepted.length,
  };
}

/** Of the last body, over all volunteers of a source. */
function lastScores(manifest: RunManifest, facts: readonly TimedFact[]): Readonly<Record<string, number>> {
  const last = facts
    .filter((fact) => fact.kind === "evaluated")
    .filter(({ body }) => body === manifest.rounds);
  return Object.fromEntries(
    manifest.sources.map(({ id }) => {
      const own = last.filter(({ source }) => source === id);
      const sum = (key: "nats" | "bytes") => own.reduce((total, fact) => total + fact[key], 0);
      return [id, bitsPerByte(sum("nats"), sum("bytes"))];
    }),
  );
}
