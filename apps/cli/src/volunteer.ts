// homebody volunteer: takes part in a run without a browser, with a live line of progress on stderr.

import { resolve } from "node:path";
import { parseArgs } from "node:util";
import { InputError, noun } from "@homebody/base";
import { coordinatorLearns, deltasAreKept } from "@homebody/dept";
import { invitationIn, isCode, refusalSentences } from "@homebody/protocol";
import { folderOf, type Hours, hoursFrom, startHeadless } from "@homebody/volunteer/node";
import {
  dutyCycle,
  type Intensity,
  quarantineSentence,
  type View,
  type Waiting,
} from "@homebody/volunteer/view";
import { coordinatorUrl } from "./address.ts";
import { interrupt } from "./interrupt.ts";
import { shownSize } from "./model-size.ts";
import { backendName, onlyArgument, wholeNumber } from "./options.ts";
import { progressLine } from "./progress-line.ts";
import { offerWebGpu } from "./webgpu.ts";

export const usage = `
homebody volunteer URL [--source ID] [--code CODE] [--text PATH ...] [--backend webgpu|wasm] [--threads N]
                       [--intensity quiet|balanced|full] [--hours 22-7] [--rounds N] [--data DIR]

  URL            of the coordinator, as localhost:8080 or https://run.example.org, or the link of an invitation, which has source and code in it
  --source ID    whose text to train on; without it the first that is open and fits
  --code CODE    of an invitation, for a source that asks for one: 32 hex digits
  --text PATH    your own .txt, .md or .jsonl files or folders, for a source that volunteers bring; what is not in UTF-8
                 is converted; needed once, and again where the text changes
  --backend      webgpu or wasm; without it the best that works
  --threads N    cores that may be used without a graphics processor (default: all)
  --intensity    quiet computes a quarter of the time, balanced 60 %, full all of it (default: full)
  --hours 22-7   computes only in these hours of the day, by this machine's clock; 22:30-7 has minutes
  --rounds N     leaves after contributing to N rounds
  --data DIR     identity, vocabulary, embeddings and what is unsent (default: homebody-volunteer)

Its model is yours at any time, also when the run is over or the coordinator is gone: homebody export DIR.

Ctrl-C leaves at once; the next start goes on in the same round, if that is still open.
`;

export async function run(args: readonly string[]): Promise<number> {
  const { values, positionals } = parseArgs({
    args: [...args],
    allowPositionals: true,
    options: {
      source: { type: "string" },
      code: { type: "string" },
      text: { type: "string", multiple: true },
      backend: { type: "string" },
      threads: { type: "string" },
      intensity: { type: "string" },
      hours: { type: "string" },
      rounds: { type: "string" },
      data: { type: "string", default: "homebody-volunteer" },
    },
  });
  const link = onlyArgument(
    "volunteer",
    "the coordinator's address, or the link of an invitation",
    positionals,
  );
  const url = coordinatorUrl("volunteer", link).origin;
  const invitation = invitationFrom(link, values);
  const backend = backendName(values.backend);
  const rounds = values.rounds === undefined ? undefined : wholeNumber("--rounds", values.rounds, 1, 1e6);
  const threads = values.threads === undefined ? undefined : wholeNumber("--threads", values.threads, 1, 64);
  const { intensity, hours } = dutyFrom(values);
  await offerWebGpu(backend);

  const stop = interrupt();
  const line = progressLine();
  const warn = sayQuarantine();
  let finish = () => {};
  let first: number | undefined;
  const { manifest, volunteer } = await startHeadless({
    url,
    ...invitation,
    ...(values.text === undefined ? {} : { text: values.text }),
    backend,
    ...(threads === undefined ? {} : { threads }),
    intensity,
    hours,
    dataDir: resolve(values.data),
    begins: (manifest, source, converted) => {
      const size = shownSize(manifest, [source]);
      const learns = coordinatorLearns(manifest, source);
      process.stderr.write(`${size}\n${learns}\n${deltasAreKept(manifest, source)}\n`);
      for (const { name, encoding } of converted) process.stderr.write(`${name}: read as ${encoding}\n`);
    },
    show: (view) => {
      first ??= view.roundsContributed;
      if (rounds !== undefined && view.roundsContributed - first >= rounds) finish();
      warn(view);
      line.show(sentence(view, line.live));
    },
  });
  let asked = false;
  finish = () => {
    if (!asked) queueMicrotask(() => volunteer.finish());
    asked = true;
  };
  const ending = await Promise.race([volunteer.ended, stop.came.then(() => "stopped" as const)]);
  await volunteer.close();
  line.end();
  const { scores, roundsContributed, tokensTrained, ledger, activity: last } = volunteer.view();
  process.stdout.write(`${JSON.stringify({ ending, roundsContributed, tokensTrained, scores, ledger })}\n`);
  const { refusal, source } = volunteer.view();
  if (roundsContributed > 0 && source !== null)
    process.stderr.write(`${ownModelSentence(folderOf(resolve(values.data), manifest, source))}\n`);
  if (ending === "refused" && refusal !== null)
    process.stderr.write(`homebody volunteer: ${refusalSentences[refusal.reason]}\n`);
  if (last.kind === "unusable") process.stderr.write(`homebody volunteer: ${last.message}\n`);
  if (ending === "unusable") return 2;
  return ["removed", "replaced", "refused"].includes(ending) ? 1 : 0;
}

/** Which source, and by which code: as options say, or the link. */
function invitationFrom(
  link: string,
  given: { readonly source?: string | undefined; readonly code?: string | undefined },
): { readonly source?: string; readonly code?: string } {
  const linked = invitationIn(link.includes("#") ? link.slice(link.indexOf("#")) : "");
  if (linked === "broken")
    throw new InputError("link", "an invitation's, with a source and a code of 32 hex digits", link);
  const { source = linked?.source, code = linked?.code } = given;
  if (code !== undefined && !isCode(code))
    throw new InputError("--code", "32 hex digits", JSON.stringify(code));
  if (code !== undefined && source === undefined)
    throw new InputError("--source", "the source that the code is for", "none");
  return { ...(source === undefined ? {} : { source }), ...(code === undefined ? {} : { code }) };
}

/** How much of the time it computes, and in which hours. */
function dutyFrom({
  intensity = "full",
  hours,
}: {
  readonly intensity?: string | undefined;
  readonly hours?: string | undefined;
}): { readonly intensity: Intensity; readonly hours: Hours | undefined } {
  if (!Object.hasOwn(dutyCycle, intensity))
    throw new InputError("--intensity", Object.keys(dutyCycle).join(", "), JSON.stringify(intensity));
  const found = hours === undefined ? undefined : hoursFrom(hours);
  if (hours !== undefined && found === undefined)
    throw new InputError(
      "--hours",
      "two times of the day that differ, such as 22-7 or 22:30-7",
      JSON.stringify(hours),
    );
  return { intensity: intensity as Intensity, hours: found };
}

/** [V45] */
const ownModelSentence = (folder: string) =>
  `Your model of this run stays yours: npm run homebody -- export ${folder} --to DIR`;

function sentence(view: View, detailed: boolean): string {
  const words = [`${view.source}: ${activity(view, detailed)}`];
  const score = view.scores.at(-1);
  if (score !== undefined) words.push(`${score.bitsPerByte.toFixed(3)} bits per byte`);
  if (detailed && view.tokensPerSecond !== null) words.push(`${Math.round(view.tokensPerSecond)} tokens/s`);
  const { roundsContributed: rounds } = view;
  words.push(`${rounds} ${noun(rounds, "round")} contributed`);
  return words.join(", ");
}

/** [V70] */
function sayQuarantine(): (view: View) => void {
  let was = false;
  return ({ quarantined }) => {
    if (quarantined && !was) process.stderr.write(`homebody volunteer: ${quarantineSentence}\n`);
    was = quarantined;
  };
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
      return waitingWords(activity.waiting);
    case "failed":
      return `${refusal === null ? activity.message : refusalSentences[refusal.reason]} Trying again`;
    case "stopped":
      return `stopped (${activity.why})`;
    default:
      return activity.kind;
  }
}

function waitingWords(waiting: Waiting): string {
  // The first six digits are what the host's page shows.
  if (waiting.for === "approval")
    return `waiting for the host to let in ${waiting.volunteer.slice(0, 6)} (${waiting.volunteer})`;
  if (waiting.for === "hours") return `waiting until ${waiting.opensAt}, outside its hours`;
  return `waiting for ${waiting.for.replaceAll("-", " ")}`;
}
