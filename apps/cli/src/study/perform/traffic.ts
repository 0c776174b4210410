// Bytes at the real sockets: a coordinator that listens, and a volunteer a source, each by way of a proxy that counts.

import { mkdir, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { leavesOutRows, roundTraffic, sharesWords } from "@homebody/dept";
import { checkRunFile, type RunFile } from "@homebody/protocol";
import { createServer, stderrLog } from "@homebody/server";
import { rowsOfText } from "@homebody/volunteer";
import { startHeadless, storedText } from "@homebody/volunteer/node";
import { readSplit, sampled } from "../corpus.ts";
import type { Row } from "../job.ts";
import type { TrafficWork } from "../work.ts";
import { countingProxy } from "./counting-proxy.ts";
import type { Made, Performing } from "./performing.ts";

export async function measureTraffic(work: TrafficWork, performing: Performing): Promise<Made> {
  const folder = join(performing.folder.path, "traffic", work.arm);
  await rm(folder, { recursive: true, force: true });
  const texts = join(folder, "texts");
  await mkdir(texts, { recursive: true });
  await writeTexts(work, texts);
  const file = runFileOf(work);
  const server = await createServer({
    run: { file, folder: texts, written: file },
    dataDir: join(folder, "data"),
    port: 0,
    log: stderrLog("silent"),
  });
  try {
    const taking = await Promise.all(
      work.sources.map(({ id }) => takePart(id, server.port, join(folder, id))),
    );
    await Promise.all(taking.map(({ volunteer }) => volunteer.ended));
    await server.finished;
    const rows: Row[] = [];
    for (const one of taking) {
      rows.push(...(await counted(work, one)));
      performing.passed(work.rounds * work.localSteps * work.recipe.batch * work.recipe.model.context);
    }
    return { rows, provenance: { run: server.run } };
  } finally {
    await server.close();
    await rm(folder, { recursive: true, force: true });
  }
}

type Taking = Awaited<ReturnType<typeof takePart>>;

async function takePart(source: string, port: number, dataDir: string) {
  const proxy = await countingProxy(port);
  const { volunteer, manifest } = await startHeadless({
    ...{ url: proxy.url, source, backend: "wasm", threads: 1, dataDir },
    show: () => {},
  });
  return { id: source, proxy, volunteer, manifest, dataDir };
}

/** What one volunteer moved, by the socket, by its ledger, and by the formulas. */
async function counted(work: TrafficWork, { id, proxy, volunteer, manifest, dataDir }: Taking) {
  const { sent, received } = volunteer.view().ledger;
  await volunteer.close();
  const socket = proxy.counts();
  await proxy.close();
  const source = manifest.sources.find((one) => one.id === id)!;
  const text = await storedText(dataDir, manifest, source);
  const held = leavesOutRows(manifest) ? rowsOfText(source.vocabulary, text) : null;
  // Where words are a source's, a volunteer exchanges those of its own source alone.
  const own = sharesWords(manifest, source) ? { ...manifest, sources: [source] } : manifest;
  const formula = roundTraffic(own, source, held);
  const measured: Readonly<Record<string, number>> = {
    "up: at the socket": socket.up,
    "up: deltas": sent.theta + sent.phi + sent.psi,
    "up: words": sent.phi + sent.psi,
    "up: deltas by the formula": work.rounds * formula.upBytes,
    "down: at the socket": socket.down,
    "down: bodies": received.theta + received.phi + received.psi,
    "down: texts and vocabularies": received.texts,
    // The last body comes too, to be evaluated.
    "down: bodies by the formula": (work.rounds + 1) * formula.downBytes,
    "each way: STD by the formula": work.rounds * formula.standardBytes,
  };
  const about = { arm: work.arm, seed: work.seed, phase: "traffic", step: work.rounds * work.localSteps };
  return Object.entries(measured).map(([measure, value]) => ({ ...about, source: id, measure, value }));
}

const trainFile = (id: string) => `${id}-train.jsonl`;
const heldOutFile = (id: string) => `${id}-valid.jsonl`;

async function writeTexts({ sources, trainBytes, heldOutBytes }: TrafficWork, folder: string): Promise<void> {
  const lines = (documents: readonly string[]) =>
    documents.map((text) => `${JSON.stringify({ text })}\n`).join("");
  for (const { id, folder: from } of sources) {
    const { train, heldOut } = await readSplit(from);
    await writeFile(join(folder, trainFile(id)), lines(sampled(train, trainBytes, id)));
    await writeFile(join(folder, heldOutFile(id)), lines(sampled(heldOut, heldOutBytes, id)));
  }
}

function runFileOf({ arm, seed, recipe, variant, vocabulary, words, codec, ...work }: TrafficWork): RunFile {
  return checkRunFile({
    name: arm,
    description: "an arm of a study",
    model: recipe.model,
    variant,
    vocabulary,
    words,
    sources: work.sources.map(({ id }) => ({
      ...{ id, title: id, language: "und", text: "served" },
      train: trainFile(id),
      heldOut: heldOutFile(id),
    })),
    training: { localSteps: work.localSteps, batch: recipe.batch, learningRate: recipe.learningRate, seed },
    codec,
    rounds: work.rounds,
    round: { minimum: work.sources.length, deadlineSeconds: 3600, evaluationSeconds: 600, minimumSeconds: 0 },
  });
}
