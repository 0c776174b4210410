// What keys of a run file say of each other, where each by itself is right.

import type { z } from "zod";
import { errorFeedbackOf, type RunFileShape, type SourceOfFile } from "./run-file-shape.ts";

/** What keys say of each other [P44]: of those alone that are right by themselves. */
export function sayContradictions(file: RunFileShape, context: z.core.$RefinementCtx<RunFileShape>): void {
  const isWrong = (...path: PropertyKey[]) =>
    context.issues.some((issue) => path.every((key, i) => issue.path?.[i] === key));
  const say = (path: (string | number)[], message: string) =>
    context.addIssue({ code: "custom", path, message });
  if (typeof file !== "object" || file === null || Array.isArray(file)) return;
  if (!["codec", "errorFeedback", "outer"].some((key) => isWrong(key))) {
    const wrong = wrongFeedback(file);
    if (wrong !== undefined) say(...wrong);
  }
  if (!["overlap", "outer"].some((key) => isWrong(key)) && isEagerWithAdam(file))
    say(["overlap"], "off, since no part of what outer: adam makes of a round is a volunteer's own");
  if (!["codec", "average"].some((key) => isWrong(key)) && isSparseUnmixed(file))
    say(
      ["average", "mixing"],
      "nearest, since most numbers of a sparse delta are 0, and what few send would be cut",
    );
  if (!isWrong("training") && !isWrong("round"))
    for (const [key, message] of wrongTimeBox(file)) say(["training", "timeBox", key], message);
  if (!["review", "variant", "words", "sources"].some((key) => isWrong(key)) && !mayReview(file))
    say(
      ["review"],
      "off, unless a source has text: served and words: source (or the variant is glob or trim): with other text or words nobody can tell what a delta does",
    );
  if (["variant", "vocabulary", "words"].some((key) => isWrong(key)) || !Array.isArray(file.sources)) return;
  const { variant, vocabulary } = file;
  const right = file.sources.flatMap((source, i) => (isWrong("sources", i) ? [] : [{ source, i }]));
  if (variant !== "spec" && vocabulary.kind !== "global")
    say(["vocabulary", "kind"], `global, since sources share their embeddings under ${variant}`);
  if (vocabulary.file !== undefined && vocabulary.kind !== "global")
    say(["vocabulary", "file"], `nothing, since vocabularies are not global but ${vocabulary.kind}`);
  const isServed = file.sources.some((source) => source?.text === "served");
  const isStarted = file.start !== undefined && variant !== "spec"; // then the folder's is the run's
  if (vocabulary.kind === "global" && vocabulary.file === undefined && !isServed && !isStarted)
    say(["vocabulary", "file"], "a tokenizer.json, since no source has served text to train one on");
  const seen = new Set<string>();
  for (const { source, i } of right) {
    for (const [key, message] of wrongInSource(file, source, seen)) say(["sources", i, key], message);
    seen.add(source.id);
  }
}

/** [P57] */
function wrongFeedback(
  file: Pick<RunFileShape, "codec" | "errorFeedback" | "outer">,
): [path: string[], message: string] | undefined {
  const { codec, outer } = file;
  if (errorFeedbackOf(file) === "off") return undefined;
  if (codec === "fp32" || codec === "fp16")
    return [["errorFeedback"], `off, since ${codec} leaves next to nothing out`];
  if (outer.kind === "averaging") return undefined;
  return [
    ["outer", "kind"],
    "averaging, since error feedback carries on already what is left out (or errorFeedback: off)",
  ];
}

/** [P66] */
function wrongTimeBox({
  training,
  round,
}: Pick<RunFileShape, "training" | "round">): [key: string, message: string][] {
  const { timeBox, localSteps } = training;
  if (timeBox === "off") return [];
  const wrong: [string, string][] = [];
  if (timeBox.seconds >= round.deadlineSeconds)
    wrong.push(["seconds", `less than round.deadlineSeconds, which is ${round.deadlineSeconds}`]);
  if (timeBox.leastSteps > localSteps)
    wrong.push(["leastSteps", `at most training.localSteps, which is ${localSteps}`]);
  return wrong;
}

/** [P65] */
function isEagerWithAdam({ overlap, outer }: Pick<RunFileShape, "overlap" | "outer">): boolean {
  return overlap === "eager" && outer.kind === "adam";
}

/** [P58] */
function isSparseUnmixed({ codec, average }: Pick<RunFileShape, "codec" | "average">): boolean {
  return typeof codec === "object" && "mixing" in average && average.mixing === "off";
}

/** [P69] Whether volunteers of any source can measure each other's deltas: `canReview` of packages/dept says of which. */
function mayReview({
  review,
  variant,
  words,
  sources,
}: Pick<RunFileShape, "review" | "variant" | "words" | "sources">): boolean {
  const shares = (source: RunFileShape["sources"][number]) =>
    variant !== "spec" || (source.words ?? words) === "source";
  return review === "off" || sources.some((source) => source.text === "served" && shares(source));
}

/** The part of a run, of a file or stored, that says which sources it can have. */
export type RunOfSource = Pick<RunFileShape, "variant" | "words"> & {
  readonly vocabulary: Pick<RunFileShape["vocabulary"], "kind">;
};

export function wrongInSource(
  { variant, vocabulary: { kind }, words: ofRun }: RunOfSource,
  { id, text, train, heldOut, vocabulary, tokenizer, words }: SourceOfFile,
  seen: ReadonlySet<string>,
): readonly (readonly [keyof SourceOfFile, string])[] {
  const wrong: (readonly [keyof SourceOfFile, string])[] = [];
  if (seen.has(id)) wrong.push(["id", "an id that no other source has"]);
  if (text === "served" && train === undefined) wrong.push(["train", "a file or folder of text to serve"]);
  if (text === "brought" && (train ?? heldOut) !== undefined)
    wrong.push([train === undefined ? "heldOut" : "train", "nothing, since volunteers bring the text"]);
  if (vocabulary !== undefined && kind === "global")
    wrong.push(["vocabulary", "nothing, since all sources share the run's"]);
  if (vocabulary !== undefined && tokenizer !== undefined)
    wrong.push(["vocabulary", "nothing, since the tokenizer that is given has its size"]);
  if (tokenizer !== undefined && kind !== "source")
    wrong.push(["tokenizer", `nothing, since vocabularies are not of sources but ${kind}`]);
  if (tokenizer === undefined && kind === "source" && text === "brought")
    wrong.push(["tokenizer", "a tokenizer.json, since the host has no text to train one on"]);
  if ((words ?? ofRun) === "source") {
    if (variant !== "spec") wrong.push(["words", `device, since ${variant} shares the words of all sources`]);
    else if (text === "brought") wrong.push(["words", "device, since volunteers bring the text"]);
    else if (kind === "own") wrong.push(["words", "device, unless vocabulary.kind is source or global"]);
  }
  return wrong;
}
