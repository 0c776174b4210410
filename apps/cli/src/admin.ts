// homebody admin: the host's acts, by the channel in the data folder or, with the token, by the line.

import { existsSync } from "node:fs";
import { resolve } from "node:path";
import { parseArgs } from "node:util";
import { InputError, noun, type VolunteerId } from "@homebody/base";
import { type Figures, readFigures } from "@homebody/coordinator";
import {
  type AdminAct,
  checkDone,
  checkReply,
  events,
  type Reply,
  refusalSentences,
} from "@homebody/protocol";
import { askAdminChannel, askStatus } from "@homebody/server";
import { webNet } from "@homebody/volunteer/node";

export const usage = `
homebody admin DATA|URL status
homebody admin DATA|URL pause|resume|end-round|end-run
homebody admin DATA|URL remove|restore VOLUNTEER
                        [--token TOKEN]

Acts on a run whose coordinator is at work. On its own machine give the data folder: that works however full the network's side
is. Elsewhere give its address, and the token by --token or, unseen by others on this machine, by HOMEBODY_ADMIN_TOKEN.

  status     where the run is
  pause      no round opens and deadlines stand still; resume takes it back
  end-round  the open round closes with what it has
  end-run    no further round opens
  remove     the volunteer is refused from now on; restore takes it back
  VOLUNTEER  its id, or as many of its first digits as tell it from others
`;

/** Each act by its words. */
const acts: Readonly<Record<string, (words: readonly string[], figures: Figures) => AdminAct>> = {
  pause: none("pause"),
  resume: none("resume"),
  "end-round": none("end-round"),
  "end-run": none("end-run"),
  remove: (words, figures) => ({ kind: "remove", volunteer: volunteerOf(words, seen(figures)) }),
  restore: (words, figures) => ({ kind: "restore", volunteer: volunteerOf(words, figures.removed) }),
};

/** A coordinator at work, whichever way it is reached. */
interface Coordinator {
  status(): Promise<Figures>;
  act(act: AdminAct): Promise<Reply>;
}

export async function run(args: readonly string[]): Promise<number> {
  const { values, positionals } = parseArgs({
    args: [...args],
    allowPositionals: true,
    options: { token: { type: "string" } },
  });
  const [where, word, ...words] = positionals;
  const known = [...Object.keys(acts), "status"];
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
  const reply = await coordinator.act(acts[word]!(words, figures));
  if (!reply.ok) {
    process.stderr.write(`homebody admin: refused (${reply.refusal}). ${refusalSentences[reply.refusal]}\n`);
    return 1;
  }
  process.stdout.write(`Done: ${[word, ...words].join(" ")}.\n`);
  return 0;
}

function none(kind: "pause" | "resume" | "end-round" | "end-run") {
  return (words: readonly string[]): AdminAct => {
    if (words.length > 0) throw new InputError(kind, "nothing more", words.join(" "));
    return { kind };
  };
}

/** Of whom figures tell. */
function seen({ deltas, roundList }: Figures): readonly VolunteerId[] {
  return [...deltas.map(({ volunteer }) => volunteer), ...roundList.flatMap(({ assigned }) => assigned)];
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

function coordinatorAt(where: string, token: string | undefined): Coordinator {
  if (!/^https?:\/\//.test(where) || existsSync(where)) {
    const dataDir = resolve(where);
    return { status: () => askStatus(dataDir), act: (act) => askAdminChannel(dataDir, act) };
  }
  return {
    status: () => figuresAt(where),
    act: async (act) => {
      if (token === undefined)
        throw new InputError("--token", "the admin token, here or in HOMEBODY_ADMIN_TOKEN", "none");
      return askByLine(where, { token, act });
    },
  };
}

async function figuresAt(url: string): Promise<Figures> {
  const response = await fetch(new URL("/api/figures", url)).catch((error: Error) => {
    throw new InputError(url, "a coordinator that answers", String(error.cause ?? error.message));
  });
  if (!response.ok) throw new InputError(url, "a coordinator's answer", `status ${response.status}`);
  return readFigures(await response.json());
}

const patienceMs = 30_000;

async function askByLine(url: string, message: object): Promise<Reply> {
  let up = () => {};
  const isUp = new Promise<void>((resolve, reject) => {
    up = resolve;
    setTimeout(() => {
      reject(new InputError(url, "a coordinator that lets another line in", "none within half a minute"));
    }, patienceMs).unref();
  });
  const line = webNet(url).connect({ up, down: () => {}, event: () => {}, passed: () => {} });
  try {
    await isUp;
    return checkReply(await line.ask(events.admin, message), checkDone, "admin");
  } finally {
    line.close();
  }
}

function statusOf({
  name,
  phase,
  round,
  rounds,
  published,
  paused,
  ending,
  sources,
  removed,
  roundList,
}: Figures): string {
  const open = phase === "training" ? roundList.at(-1) : undefined;
  const lines = [
    `${name}: ${phase}${paused ? ", paused" : ""}${ending ? ", ending" : ""}`,
    `  Rounds   ${published} of ${rounds} done${open === undefined ? "" : `; round ${round} is open, with ${open.assigned.length} ${noun(open.assigned.length, "volunteer")}`}`,
    `  Sources  ${sources.map(({ id }) => id).join(", ")}`,
    ...(removed.length === 0 ? [] : [`  Removed  ${removed.join(", ")}`]),
  ];
  return `${lines.join("\n")}\n`;
}
