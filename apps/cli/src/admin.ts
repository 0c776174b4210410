// homebody admin: the host's acts, by the channel in the data folder or, with the token, by the line.

import { parseArgs } from "node:util";
import { InputError, noun, type SourceId, type VolunteerId } from "@homebody/base";
import { type Figures, undoable } from "@homebody/coordinator";
import {
  type AdminAct,
  type Applicants,
  type Refusal,
  type Reply,
  refusalSentences,
} from "@homebody/protocol";
import { coordinatorAt } from "./coordinator-at.ts";

export const usage = `
homebody admin DATA|URL status
homebody admin DATA|URL pause|resume|end-round|end-run
homebody admin DATA|URL remove|restore VOLUNTEER
homebody admin DATA|URL undo BODY [without VOLUNTEER ...]
homebody admin DATA|URL applicants
homebody admin DATA|URL approve VOLUNTEER [SOURCE]
                        [--token TOKEN]

Acts on a run whose coordinator is at work. On its own machine give the data folder: that works however full the network's side
is. Elsewhere give its address, and the token by --token or, unseen by others on this machine, by HOMEBODY_ADMIN_TOKEN.

  status     where the run is
  pause      no round opens and deadlines stand still; resume takes it back
  end-round  the open round closes with what it has
  end-run    no further round opens
  remove     the volunteer is refused from now on; restore takes it back
  undo       the next body is that one again, or that one averaged anew without the deltas of these volunteers; what is kept
             for it, status lists
  applicants who waits to be let into a source by approval
  approve    the volunteer is let into the source that it waits for, or into the one that is named
  VOLUNTEER  its id, or as many of its first digits as tell it from others
`;

/** Each act by its words. */
const acts: Readonly<Record<string, (words: readonly string[], known: Known) => AdminAct>> = {
  pause: none("pause"),
  resume: none("resume"),
  "end-round": none("end-round"),
  "end-run": none("end-run"),
  remove: (words, known) => ({ kind: "remove", volunteer: volunteerOf(words, seen(known)) }),
  restore: (words, { figures }) => ({ kind: "restore", volunteer: volunteerOf(words, figures.removed) }),
  approve,
  undo,
};

/** What words are understood by. */
interface Known {
  readonly figures: Figures;
  readonly applicants: Applicants["applicants"];
}

export async function run(args: readonly string[]): Promise<number> {
  const { values, positionals } = parseArgs({
    args: [...args],
    allowPositionals: true,
    options: { token: { type: "string" } },
  });
  const [where, word, ...words] = positionals;
  const known = [...Object.keys(acts), "applicants", "status"];
  if (where === undefined || word === undefined || !known.includes(word))
    throw new InputError(
      "admin",
      `a data folder or address, and one of ${known.join(", ")}`,
      positionals.join(" ") || "nothing",
    );
  const coordinator = coordinatorAt(where, values.token ?? process.env.HOMEBODY_ADMIN_TOKEN);
  const figures = await coordinator.status();
  if (word === "status") {
    process.stdout.write(statusOf(figures));
    return 0;
  }
  const asksWho = ["applicants", "approve", "remove"].includes(word);
  const waiting: Reply<Applicants> = asksWho ? await coordinator.applicants() : { ok: true, applicants: [] };
  if (!waiting.ok) return refused(waiting.refusal);
  if (word === "applicants") {
    process.stdout.write(waiting.applicants.map(applicantLine).join("") || "Nobody waits.\n");
    return 0;
  }
  const reply = await coordinator.act(acts[word]!(words, { figures, ...waiting }));
  if (!reply.ok) return refused(reply.refusal);
  process.stdout.write(`Done: ${[word, ...words].join(" ")}.\n`);
  return 0;
}

function refused(refusal: Refusal): number {
  process.stderr.write(`homebody admin: refused (${refusal}). ${refusalSentences[refusal]}\n`);
  return 1;
}

const applicantLine = ({ volunteer, source, device }: Applicants["applicants"][number]) =>
  `${volunteer}  ${source}  ${device.host === "browser" ? "in a browser" : "headless"}\n`;

function approve([given = "", named, ...more]: readonly string[], { applicants }: Known): AdminAct {
  if (more.length > 0) throw new InputError("approve", "a volunteer and a source", more.join(" "));
  const volunteer = volunteerOf(
    [given],
    applicants.map((one) => one.volunteer),
  );
  const source = named ?? applicants.find((one) => one.volunteer === volunteer)?.source;
  if (source === undefined)
    throw new InputError("SOURCE", "the source, where the volunteer does not wait now", "none");
  return { kind: "approve", volunteer, source: source as SourceId };
}

function undo([body = "", ...words]: readonly string[], { figures }: Known): AdminAct {
  const kept = undoable(figures);
  const found = kept.find((one) => `${one.body}` === body);
  const [preposition, ...given] = words;
  if (found === undefined)
    throw new InputError("BODY", `one of ${kept.map((one) => one.body).join(", ")}`, body || "none");
  if (preposition !== undefined && (preposition !== "without" || given.length === 0))
    throw new InputError("undo", "without, and volunteers, or nothing more", words.join(" "));
  const without = given.map((one) => volunteerOf([one], found.volunteers));
  return { kind: "undo", to: found.body, without };
}

function none(kind: "pause" | "resume" | "end-round" | "end-run") {
  return (words: readonly string[]): AdminAct => {
    if (words.length > 0) throw new InputError(kind, "nothing more", words.join(" "));
    return { kind };
  };
}

/** Of whom figures tell. */
function seen({ figures: { deltas, roundList }, applicants }: Known): readonly VolunteerId[] {
  return [
    ...applicants.map(({ volunteer }) => volunteer),
    ...deltas.map(({ volunteer }) => volunteer),
    ...roundList.flatMap(({ assigned }) => assigned),
  ];
}

function volunteerOf([given = "", ...more]: readonly string[], among: readonly VolunteerId[]): VolunteerId {
  if (more.length === 0 && /^[0-9a-f]{32}$/.test(given)) return given as VolunteerId;
  const fitting = [...new Set(among)].filter((one) => given !== "" && one.startsWith(given));
  if (more.length === 0 && fitting.length === 1) return fitting[0]!;
  const got = [given, ...more].join(" ") || "none";
  throw new InputError(
    "VOLUNTEER",
    "an id, or the first digits of one alone",
    `${got}, which fits ${fitting.length}`,
  );
}

function statusOf(figures: Figures): string {
  const { name, phase, round, rounds, published, paused, ending, sources, removed, roundList, held } =
    figures;
  const open = phase === "training" ? roundList.at(-1) : undefined;
  const isOpen =
    open &&
    `; round ${round} is open, with ${open.assigned.length} ${noun(open.assigned.length, "volunteer")}`;
  const kept = undoable(figures).map(({ body }) => body);
  const lines = [
    `${name}: ${phase}${paused ? ", paused" : ""}${ending ? ", ending" : ""}`,
    ...(held === null
      ? []
      : [`  Held     body ${held.body} is much worse for ${held.sources.join(", ")}: resume, or undo`]),
    `  Rounds   ${published} of ${rounds} done${isOpen ?? ""}`,
    `  Sources  ${sources.map(({ id }) => id).join(", ")}`,
    ...(removed.length === 0 ? [] : [`  Removed  ${removed.join(", ")}`]),
    ...(kept.length === 0 ? [] : [`  Undo to  ${kept.join(", ")}`]),
  ];
  return `${lines.join("\n")}\n`;
}
