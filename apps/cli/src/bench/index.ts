// homebody bench: measures. Figures of one call are from one run, on one machine, side by side: compare only those.

import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { parseArgs } from "node:util";
import { InputError } from "@homebody/base";
import { workInChromium } from "../in-chromium.ts";
import { wholeNumber } from "../options.ts";
import { installWebGpu } from "../webgpu.ts";
import { measureClosing } from "./closing.ts";
import { benchOf, configNames } from "./configs.ts";
import { type CoordinatorRow, measureCoordinator } from "./coordinator/index.ts";
import { coreTable, measureCore } from "./core.ts";
import { measureGrowth } from "./growth.ts";
import { compareHalf } from "./half.ts";
import { measureJournal } from "./journal.ts";
import { measureLinks } from "./link/index.ts";
import { type Contestant, contestants, measure, type Request, type Row } from "./measure.ts";
import { measureOverlaps } from "./overlap/index.ts";
import { measureSampling } from "./sampling.ts";
import { measureWatchers } from "./watchers.ts";
import { measureWire } from "./wire/index.ts";

export const usage = `
homebody bench engine [--backend webgpu|wasm] [--config NAME] [--peers] [--steps N] [--in node|chromium]
                      [--vocabulary V] [--context T] [--rows B] [--recompute] [--half] [--threads N] [--gpu]
                      [--optimiser adamw|muon] [--json]

Whole training steps. --peers also trains the same model in jax-js and in stock tfjs, in the same run.
  reference    gpt2: vocabulary 4,096, width 128, 4 layers, T 128, B 8, untied (1.9 M parameters)
  small        gpt2: vocabulary 4,096, width 512, 8 layers, T 256, B 8 (27 M)
  base         gpt2: vocabulary 50,257, width 768, 12 layers, T 1,024, B 4 (124 M)
  large        gpt2: vocabulary 50,257, width 1,024, 24 layers, T 1,024, B 2 (355 M)
  experiment   llama: vocabulary 2,048, width 128, 4 layers, T 128, B 8 (docs/experiments)
  tiny         llama: vocabulary 512, width 64, 2 layers, T 64, B 4

homebody bench growth [--backend webgpu|wasm] [--steps N]: what is held after each tenth of N steps of a tiny model.
homebody bench core [--volunteers N] [--json]: what rounds 1, 2 and 10 cost the coordinator's core, with 1,000, 3,000 and
                      10,000 volunteers or with N.
homebody bench journal [--entries N]: the start of a run of N entries (1,000,000) from a snapshot and from its journal, what a
                      watcher is sent first, the heap after 100 rounds and at the end, and writing the journal in each format.
homebody bench closing [--parameters N] [--volunteers N]: how long the event loop waits while a round of a body of N parameters
                      (100,000,000; 4 volunteers) is averaged, in a thread of its own and on the loop, by the mean and by a new
                      run's rule.
homebody bench coordinator [--volunteers N] [--bytes N] [--rounds N] [--processes N] [--json]: deltas a second that a
                      coordinator accepts of N volunteers at once, over real sockets, beside two echoes of the same messages: bare
                      Socket.IO, and one with the coordinator's sockets; without numbers of 100 and 1,000 volunteers with deltas
                      of 5 kB, the 100 for ten times as many rounds, and of 100 with 1 MB.
homebody bench watchers [--watchers N] [--volunteers N]: what N open pages (1,000) that watch N volunteers (1,000) are sent, and
                      what it costs.
homebody bench wire [--texts DIR] [--kept DIR] [--json]: what codecs make of real deltas, and how fast. Deltas are trained on the
                      texts (a folder a source: ../shared/corpora) at the first time, and kept in a folder.
homebody bench overlap [--volunteers N] [--rounds N] [--train [--texts DIR]]: the share of a volunteer's time that is training, eager
                      beside blocking, over a line of 10 Mbit/s up and 50 down, with a body of ten million and a cost model;
                      --train: what comes of a body of a million that is really trained, after equal steps and after equal time.
homebody bench link [--rounds N] [--steps N] [--threads N] [--texts DIR]: the same share for real, beside one coordinator: both in network
                      namespaces, on a line that the kernel shapes, with a body of ten million that is really trained; for root on
                      Linux. N steps a round, or as many as take ten seconds.
homebody bench sampling [--backend webgpu|wasm] [--config NAME] [--context T] [--steps N]: what the next token of a sample costs,
                      with what was read kept and with all of it read anew, on one thread; medians of N.
homebody bench half FILE.jsonl [--steps N]: half precision beside single, on WebGPU, on a real text.

--in chromium (with --peers the default: jax-js runs there as its users run it) needs the developers' packages.
--gpu takes the real graphics card in Chromium; otherwise it is SwiftShader, the processor that plays one.
`;

export async function run(args: readonly string[]): Promise<number> {
  const { values, positionals } = parseArgs({
    args: [...args],
    allowPositionals: true,
    options: {
      backend: { type: "string", default: "wasm" },
      config: { type: "string", default: "reference" },
      steps: { type: "string" },
      volunteers: { type: "string" },
      watchers: { type: "string", default: "1000" },
      bytes: { type: "string" },
      rounds: { type: "string" },
      processes: { type: "string", default: "4" },
      texts: { type: "string", default: "../shared/corpora" },
      kept: { type: "string", default: join(tmpdir(), "homebody-deltas") },
      parameters: { type: "string", default: "100000000" },
      entries: { type: "string", default: "1000000" },
      peers: { type: "boolean", default: false },
      train: { type: "boolean", default: false },
      in: { type: "string" },
      vocabulary: { type: "string" },
      context: { type: "string" },
      rows: { type: "string" },
      recompute: { type: "boolean", default: false },
      half: { type: "boolean", default: false },
      threads: { type: "string" },
      optimiser: { type: "string", default: "adamw" },
      gpu: { type: "boolean", default: false },
      json: { type: "boolean", default: false },
    },
  });
  const [topic, file, ...rest] = positionals;
  if (!isTopic(topic) || rest.length > 0 || (topic === "half") !== (file !== undefined))
    throw new InputError(
      "bench",
      "engine, growth, core, coordinator, journal, closing, watchers, wire, overlap, link, sampling or half FILE",
      positionals.join(" ") || "nothing",
    );
  const { backend, config, recompute, half, optimiser, json } = values;
  if (topic === "wire") return printWire(values.texts, values.kept, json);
  if (topic === "overlap") return printOverlap(values);
  if (topic === "link") return printLink(values);
  if (topic === "coordinator") return printCoordinator(values);
  if (topic === "core") return printCore(values.volunteers, json);
  if (topic === "closing") {
    const parameters = wholeNumber("--parameters", values.parameters, 1000, 1_000_000_000);
    const volunteers = wholeNumber("--volunteers", values.volunteers ?? "4", 1, 1000);
    return print(await measureClosing(parameters, volunteers));
  }
  if (topic === "watchers") {
    const volunteers = wholeNumber("--volunteers", values.volunteers ?? "1000", 0, 100_000);
    return print([await measureWatchers(volunteers, wholeNumber("--watchers", values.watchers, 1, 100_000))]);
  }
  if (topic === "journal")
    return print([await measureJournal(wholeNumber("--entries", values.entries, 1000, 100_000_000))]);
  if (backend !== "wasm" && backend !== "webgpu")
    throw new InputError("--backend", "wasm or webgpu", backend);
  if (!configNames.includes(config))
    throw new InputError("--config", configNames.join(", "), JSON.stringify(config));
  if (optimiser !== "adamw" && optimiser !== "muon")
    throw new InputError("--optimiser", "adamw or muon", optimiser);
  if (values.peers && optimiser !== "adamw")
    throw new InputError("--optimiser", "adamw, which is what peers have", optimiser);
  const steps = wholeNumber("--steps", values.steps ?? usualSteps[topic], 3, 1_000_000);
  if (topic === "growth") return print(await measureGrowth(backend, steps));
  if (topic === "half") return print([await compareHalf(file!, steps)]);
  const place = values.in ?? (values.peers ? "chromium" : "node");
  if (place !== "node" && place !== "chromium") throw new InputError("--in", "node or chromium", place);
  const given = (name: "vocabulary" | "context" | "rows" | "threads", most = 1_000_000) => {
    const text = values[name];
    return text === undefined ? {} : { [name]: wholeNumber(`--${name}`, text, 1, most) };
  };
  if (topic === "sampling")
    return print(await measureSampling(benchOf(config, given("context")), backend, steps));
  const sizes = { ...given("vocabulary"), ...given("context"), ...given("rows") };
  const names: readonly Contestant[] = values.peers ? contestants : ["homebody"];
  const options = {
    backend,
    config,
    steps,
    recompute,
    half,
    optimiser,
    ...sizes,
    ...given("threads", 64),
  } as const;
  const requests = names.map((name): Request => ({ name, ...options }));
  const rows: Row[] = [];
  const onRow = (row: Row) => {
    rows.push(row);
    if (!json) process.stdout.write(`${line(row)}\n`);
  };
  const work = { entry: new URL("page.ts", import.meta.url), gpu: values.gpu };
  const onResult = (row: Row, peakProcessBytes: number) => onRow({ ...row, peakProcessBytes });
  if (place === "chromium") await workInChromium<Request, Row>(work, requests, onResult);
  else await measureHere(requests, onRow);
  if (json) process.stdout.write(`${JSON.stringify(rows)}\n`);
  else if (rows.length > 1) process.stdout.write(`${ratios(rows)}\n`);
  return 0;
}

const usualSteps = { engine: "5", growth: "10000", half: "500", sampling: "9" } as const;
const withoutSteps = [
  "core",
  "coordinator",
  "journal",
  "closing",
  "watchers",
  "wire",
  "overlap",
  "link",
] as const;
type Topic = keyof typeof usualSteps | (typeof withoutSteps)[number];
const isTopic = (name: string | undefined): name is Topic =>
  name !== undefined &&
  (Object.hasOwn(usualSteps, name) || (withoutSteps as readonly string[]).includes(name));

function printCore(given: string | undefined, json: boolean): number {
  const volunteers =
    given === undefined ? [1000, 3000, 10_000] : [wholeNumber("--volunteers", given, 2, 1_000_000)];
  measureCore(100, [3]); // so that no first round is measured with the compiler at work
  const rows = volunteers.flatMap((count) => measureCore(count, [1, 2, 10]));
  process.stdout.write(`${json ? JSON.stringify(rows) : coreTable(rows)}\n`);
  return 0;
}

async function printWire(texts: string, kept: string, json: boolean): Promise<number> {
  const rows = await measureWire(resolve(texts), resolve(kept));
  if (!json) return print(rows);
  process.stdout.write(`${JSON.stringify(rows)}\n`);
  return 0;
}

interface OverlapValues {
  readonly volunteers?: string | undefined;
  readonly rounds?: string | undefined;
  readonly texts: string;
  readonly train: boolean;
}

async function printOverlap({ train, texts, ...values }: OverlapValues): Promise<number> {
  const volunteers = wholeNumber("--volunteers", values.volunteers ?? "3", 1, 1000);
  const rounds = wholeNumber("--rounds", values.rounds ?? (train ? "30" : "8"), 3, 10_000);
  const options = { rounds, volunteers, texts: train ? resolve(texts) : null };
  for await (const row of measureOverlaps(options)) print([row]);
  return 0;
}

interface LinkValues {
  readonly rounds?: string | undefined;
  readonly steps?: string | undefined;
  readonly threads?: string | undefined;
  readonly texts: string;
}

async function printLink({ rounds = "8", steps, threads, texts }: LinkValues): Promise<number> {
  const options = {
    rounds: wholeNumber("--rounds", rounds, 3, 10_000),
    steps: steps === undefined ? null : wholeNumber("--steps", steps, 1, 100_000),
    threads: threads === undefined ? null : wholeNumber("--threads", threads, 1, 64),
    texts: resolve(texts),
    say: (line: string) => process.stderr.write(`${line}\n`),
  };
  for await (const row of measureLinks(options)) print([row]);
  return 0;
}

interface CoordinatorValues {
  readonly volunteers?: string | undefined;
  readonly bytes?: string | undefined;
  readonly rounds?: string | undefined;
  readonly processes: string;
  readonly json: boolean;
}

async function printCoordinator({ json, ...values }: CoordinatorValues): Promise<number> {
  const rounds = wholeNumber("--rounds", values.rounds ?? "3", 1, 1000);
  const processes = wholeNumber("--processes", values.processes, 1, 64);
  const given = values.volunteers !== undefined || values.bytes !== undefined;
  const volunteers = wholeNumber("--volunteers", values.volunteers ?? "1000", processes, 10_000);
  const deltaBytes = wholeNumber("--bytes", values.bytes ?? "5000", 2000, 100_000_000);
  const rows: CoordinatorRow[] = [];
  for (const { times, ...size } of given ? [{ volunteers, deltaBytes, times: 1 }] : usualCrowds) {
    const row = await measureCoordinator({ ...size, processes, rounds: times * rounds });
    rows.push(row);
    if (!json) print([row]);
  }
  if (json) process.stdout.write(`${JSON.stringify(rows)}\n`);
  return 0;
}

/** `times` as many rounds, so that a coordinator takes in as many small deltas of few as of many: garbage of each waits for a while. */
const usualCrowds = [
  { volunteers: 100, deltaBytes: 5000, times: 10 },
  { volunteers: 1000, deltaBytes: 5000, times: 1 },
  { volunteers: 100, deltaBytes: 1_000_000, times: 1 },
];

function print(rows: readonly object[]): number {
  for (const row of rows) process.stdout.write(`${JSON.stringify(row)}\n`);
  return 0;
}

async function measureHere(requests: readonly Request[], onRow: (row: Row) => void): Promise<void> {
  for (const request of requests) {
    if (request.backend === "webgpu") await installWebGpu();
    onRow({ ...(await measure(request)), peakProcessBytes: process.resourceUsage().maxRSS * 1024 });
  }
}

function line(row: Row): string {
  const megabytes = (bytes: number) => `${(bytes / 1e6).toFixed(0)} MB`;
  const percent = (share: number) => `${(100 * share).toFixed(0)} %`;
  const parts = [
    `${row.name.padEnd(8)} ${row.tokensPerSecond.toFixed(0).padStart(7)} tokens/s`,
    `${row.msPerStep.toFixed(1)} ms a step (first ${row.firstStepMs.toFixed(0)})`,
    `loss ${row.losses.map((loss) => loss.toFixed(4)).join(" to ")}`,
    row.peakProcessBytes && `${megabytes(row.peakProcessBytes)} of memory`,
    row.tensorBytes && `${megabytes(row.tensorBytes)} of tensors`,
    row.threads && `${row.threads} threads`,
    row.dispatches && `${row.dispatches} dispatches`,
    row.submits && `${row.submits} submits`,
    row.hostMs && `${row.hostMs.toFixed(1)} ms of JavaScript`,
    row.matmulShare &&
      `products ${percent(row.matmulShare)} of the time at ${row.gflops!.toFixed(1)} GFLOP/s, ${percent(row.matmulOfBest!)} of the best`,
  ];
  const list = (times: Readonly<Record<string, number>> = {}) =>
    Object.entries(times).map(([name, ms]) => `${name} ${ms.toFixed(1)}`);
  const [kernels, regions] = [list(row.kernels), list(row.regions)];
  const all = [
    parts.filter(Boolean).join(", "),
    ...[kernels, regions].filter(({ length }) => length > 0).map((one) => one.join(", ")),
  ];
  return all.join("\n         ");
}

function ratios(rows: readonly Row[]): string {
  const [ours, ...others] = rows;
  const of = others.map(
    ({ name, tokensPerSecond }) => `${(ours!.tokensPerSecond / tokensPerSecond).toFixed(2)} times ${name}`,
  );
  return `${ours!.adapter}; median of ${ours!.steps} steps: ${of.join(", ")}`;
}
