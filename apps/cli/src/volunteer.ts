// homebody volunteer: takes part in a run without a browser, with a live line of progress on stderr.

import { resolve } from "node:path";
import { parseArgs } from "node:util";
import { InputError, noun } from "@homebody/base";
import { coordinatorLearns, deltasAreKept } from "@homebody/dept";
import { refusalSentences } from "@homebody/protocol";
import { NetError, startHeadless } from "@homebody/volunteer/node";
import type { View } from "@homebody/volunteer/view";
import { interrupt } from "./interrupt.ts";
import { backendName, wholeNumber } from "./options.ts";
import { progressLine } from "./progress-line.ts";
import { offerWebGpu } from "./webgpu.ts";

export const usage = `
homebody volunteer URL [--source ID] [--text PATH ...] [--backend webgpu|wasm] [--threads N]
                       [--rounds N] [--data DIR]

  URL            of the coordinator
  --source ID    whose text to train on; without it the first that fits
  --text PATH    your own .txt, .md or .jsonl files or folders, for a source that volunteers bring
  --backend      webgpu or wasm; without it the best that works
  --threads N    cores that may be used without a graphics processor (default: all)
  --rounds N     leaves after contributing to N rounds
  --data DIR     identity, vocabulary, embeddings and what is unsent (default: homebody-volunteer)

Ctrl-C leaves at once; the next start goes on in the same round, if that is still open.
`;

export async function run(args: readonly string[]): Promise<number> {
  const { values, positionals } = parseArgs({
    args: [...args],
    allowPositionals: true,
    options: {
      source: { type: "string" },
      text: { type: "string", multiple: true },
      backend: { type: "string" },
      threads: { type: "string" },
      rounds: { type: "string" },
      data: { type: "string", default: "homebody-volunteer" },
    },
  });
  const [url] = positionals;
  if (url === undefined || positionals.length > 1 || !URL.canParse(url))
    throw new InputError("volunteer", "the coordinator's URL", positionals.join(" ") || "nothing");
  const backend = backendName(values.backend);
  const rounds = values.rounds === undefined ? undefined : wholeNumber("--rounds", values.rounds, 1, 1e6);
  const threads = values.threads === undefined ? undefined : wholeNumber("--threads", values.threads, 1, 64);
  await offerWebGpu(backend);

  const stop = interrupt();
  const line = progressLine();
  let finish = () => {};
  let first: number | undefined;
  const { volunteer } = await startHeadless({
    url,
    ...(values.source === undefined ? {} : { source: values.source }),
    ...(values.text === undefined ? {} : { text: values.text }),
    backend,
    ...(threads === undefined ? {} : { threads }),
    dataDir: resolve(values.data),
    begins: (manifest, source) =>
      process.stderr.write(`${coordinatorLearns(manifest, source)}\n${deltasAreKept(manifest)}\n`),
    show: (view) => {
      first ??= view.roundsContributed;
      if (rounds !== undefined && view.roundsContributed - first >= rounds) finish();
      line.show(sentence(view, line.live));
    },
  }).catch((error: unknown) => {
    if (error instanceof NetError) throw new InputError("coordinator", "one that answers", error.message);
    throw error;
  });
  let asked = false;
  finish = () => {
    if (!asked) queueMicrotask(() => volunteer.finish());
    asked = true;
  };
  const ending = await Promise.race([volunteer.ended, stop.came.then(() => "stopped" as const)]);
  await volunteer.close();
  line.end();
  const { scores, roundsContributed, tokensTrained, ledger } = volunteer.view();
  process.stdout.write(`${JSON.stringify({ ending, roundsContributed, tokensTrained, scores, ledger })}\n`);
  const { refusal } = volunteer.view();
  if (ending === "refused" && refusal !== null)
    process.stderr.write(`homebody volunteer: ${refusalSentences[refusal.reason]}\n`);
  return ["removed", "replaced", "refused"].includes(ending) ? 1 : 0;
}

function sentence(view: View, detailed: boolean): string {
  const words = [`${view.source}: ${activity(view, detailed)}`];
  const score = view.scores.at(-1);
  if (score !== undefined) words.push(`${score.bitsPerByte.toFixed(3)} bits per byte`);
  if (detailed && view.tokensPerSecond !== null) words.push(`${Math.round(view.tokensPerSecond)} tokens/s`);
  const { roundsContributed: rounds } = view;
  words.push(`${rounds} ${noun(rounds, "round")} contributed`);
  return words.join(", ");
}

function activity({ activity, round, refusal }: View, detailed: boolean): string {
  switch (activity.kind) {
    case "working": {
      const { kind, done, of, unit } = activity.task;
      const what = kind.replaceAll("-", " ");
      const where = round === null ? "" : `round ${round.round}, `;
      return detailed ? `${where}${what} ${done}/${of} ${unit}` : `${where}${what}`;
    }
    case "waiting":
      return `waiting for ${activity.waiting.for.replaceAll("-", " ")}`;
    case "failed":
      return `${refusal === null ? activity.message : refusalSentences[refusal.reason]} Trying again`;
    case "stopped":
      return `stopped (${activity.why})`;
    default:
      return activity.kind;
  }
}
