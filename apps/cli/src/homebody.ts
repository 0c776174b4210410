// `homebody`: one command, its subcommands loaded when they are asked for.
//
// A subcommand is a file that exports `run(args) -> exit code` and `usage`. What a user typed wrong comes back as
// a sentence and exit code 2; anything else that goes wrong is shown whole, exit code 1.

import { nearest } from "@homebody/base";
import { version } from "@homebody/protocol";
import { mistake } from "./mistakes.ts";

interface Subcommand {
  readonly usage: string;
  run(args: readonly string[]): Promise<number>;
}

const subcommands: Readonly<Record<string, readonly [summary: string, load: () => Promise<Subcommand>]>> = {
  serve: ["host a run", () => import("./serve.ts")],
  admin: ["act on a run that is at work: pause, resume, remove, ...", () => import("./admin.ts")],
  invite: ["links into a source by invitation", () => import("./invite.ts")],
  migrate: ["move a run's journal to PostgreSQL, or back", () => import("./migrate.ts")],
  source: ["add a source to a run that is stopped", () => import("./source.ts")],
  verify: ["whether a run is what its journal says", () => import("./verify.ts")],
  journal: ["a run's journal for other tools, as it goes on too", () => import("./journal.ts")],
  backup: ["a run as it is now in one file, while it is at work", () => import("./backup.ts")],
  restore: ["bring a run back from a backup", () => import("./restore.ts")],
  volunteer: ["take part without a browser", () => import("./volunteer.ts")],
  demo: ["a demonstration run with volunteers on this machine (npm start)", () => import("./demo.ts")],
  simulate: ["a whole run in virtual time, by a seed", () => import("./simulate.ts")],
  golden: ["check the engine against reference tensors", () => import("./golden/index.ts")],
  bench: ["measure", () => import("./bench/index.ts")],
  adapt: ["carry a body on with text of your own", () => import("./adapt.ts")],
  export: ["a trained model as files that other tools read", () => import("./export.ts")],
  sample: ["let a trained model go on from a prompt", () => import("./sample.ts")],
  evaluate: ["measure trained models", () => import("./evaluate.ts")],
  experiment: ["a run beside its controls, on text of your own", () => import("./experiment/index.ts")],
  study: ["DEPT's questions asked of real text: tables, plots, a report", () => import("./study/index.ts")],
};

function help(): string {
  const lines = Object.entries(subcommands).map(([name, [summary]]) => `  ${name.padEnd(12)}${summary}`);
  return `homebody <command> ...\n\n${lines.join("\n")}\n\nhomebody <command> --help says more; homebody --version says which one this is.\n`;
}

/** Runs the command that the arguments name; returns its exit code, whatever goes wrong. */
export async function homebody([name, ...args]: readonly string[]): Promise<number> {
  if (name === undefined || name === "help" || name === "--help") {
    process.stdout.write(help());
    return name === undefined ? 2 : 0;
  }
  if (name === "--version" || name === "version") {
    process.stdout.write(`homebody ${version}\n`);
    return 0;
  }
  const entry = Object.hasOwn(subcommands, name) ? subcommands[name] : undefined;
  if (entry === undefined) {
    const near = nearest(name, Object.keys(subcommands));
    const meant = near === undefined ? "homebody --help lists them" : `did you mean ${near}?`;
    process.stderr.write(`homebody: expected a command, got ${JSON.stringify(name)} (${meant})\n`);
    return 2;
  }
  try {
    const subcommand = await entry[1]();
    if (!args.includes("--help")) return await subcommand.run(args);
    process.stdout.write(`${subcommand.usage.trim()}\n`);
    return 0;
  } catch (error) {
    const sentence = mistake(error);
    process.stderr.write(
      sentence === undefined
        ? `${(error as Error)?.stack ?? String(error)}\n`
        : `homebody ${name}: ${sentence}\n`,
    );
    return sentence === undefined ? 1 : 2;
  }
}
