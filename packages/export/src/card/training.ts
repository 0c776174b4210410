// How a run trains, in the words of its manifest.

import type { RunManifest } from "@homebody/protocol";
import { counted, plain, table } from "./markdown.ts";

/** `round`: of the body. `tokens`: of the whole run; null where that is not known. */
export function training(manifest: RunManifest, round: number, tokens: number | null): string {
  const { training, outer } = manifest;
  const { peak, schedule, warmupSteps, finalFraction } = training.learningRate;
  const rows = [
    ["method", `DEPT, ${manifest.variant.toUpperCase()} (Iacob et al., ICLR 2025)`],
    ["rounds", `${counted(round)} of ${counted(manifest.rounds)}`],
    ["local steps a round", stepsOf(training)],
    ["rows a step", counted(training.batch)],
    ...(tokens === null ? [] : [["tokens of the whole run", counted(tokens)]]),
    ["local optimiser", training.optimiser.kind === "muon" ? "Muon for the body's matrices, AdamW" : "AdamW"],
    [
      "learning rate",
      `${peak}, ${schedule}, ${counted(warmupSteps)} steps of warm-up${schedule === "cosine" ? `, to ${finalFraction} of it` : ""}`,
    ],
    ["outer step", outer.kind],
    ["deltas travelled as", encodingOf(manifest)],
    ["seed", String(training.seed)],
  ];
  return `## Training\n\n${table(["", ""], rows)}`;
}

function stepsOf({ localSteps, timeBox }: RunManifest["training"]): string {
  if (timeBox === "off") return counted(localSteps);
  return `as many as a device makes in ${counted(timeBox.seconds)} s, at most ${counted(localSteps)}`;
}

/** What the run started from, as a row of a table; none where that is its seed. */
export function startRow({ start }: RunManifest): string[][] {
  if (start === undefined) return [];
  const parts = { theta: "body", phi: "token embedding", psi: "position embedding" };
  const given = start.groups.map((group) => parts[group]).join(", ");
  return [["starts from", `${plain(start.name)} (its ${given}), weights of SHA-256 \`${start.sha256}\``]];
}

function encodingOf({ codec, errorFeedback }: RunManifest): string {
  const name = typeof codec === "string" ? codec : `${codec.kind}, k = ${codec.k}`;
  if (errorFeedback === "off") return name;
  return `${name}, with error feedback (${errorFeedback.decay} a round, ${errorFeedback.rounds} rounds)`;
}
