// The run file: everything that makes a run what it is, and the manifest that volunteers get of it.
//
// The host writes it as YAML (read in apps/server, which knows lines); here is its shape, its defaults and the
// run's identity: the SHA-256 of the canonical manifest without what may change while a run lives (description,
// host, origins, deadlines, number of rounds). Two hosts with the same file and texts have the same run id. It is computed once,
// when the run is created: stored-run.ts says what a file means for a run that is there.

import { InputError, type RunId, runId, type Sha256, type SourceId, sha256OfText } from "@homebody/base";
import { z } from "zod";
import type { GroupName } from "./body.ts";
import { checked, shown, valueAt } from "./check.ts";

const positive = (most: number) => z.number("a number").gt(0, "more than 0").max(most, `at most ${most}`);
const share = z.number("a number").min(0, "0 or more").lt(1, "less than 1");
const count = (least: number, most: number) =>
  z
    .number("a whole number")
    .int("a whole number")
    .min(least, `at least ${least}`)
    .max(most, `at most ${most}`);
const line = (most: number) => z.string("text").min(1, "some text").max(most, `at most ${most} characters`);
const oneOf = <const T extends readonly [string, ...string[]]>(words: T) =>
  z.enum(words, `one of ${words.join(", ")}`);

const model = z.strictObject({
  family: oneOf(["gpt2", "llama"]),
  depth: count(1, 96),
  context: count(8, 8192),
  overrides: z
    .strictObject({
      width: count(8, 16384).optional(),
      heads: count(1, 256).optional(),
      kvHeads: count(1, 256).optional(),
      hidden: count(8, 65536).optional(),
      tied: z.boolean("true or false").optional(),
      ropeTheta: positive(1e9).optional(),
      normEpsilon: positive(1).optional(),
    })
    .optional(),
});

const tokens = count(257, 65536);
/** Whose the embeddings are where only theta is shared: each volunteer's own, or the source's, kept by the coordinator. */
const words = oneOf(["device", "source"]);

/** Who may train on a source: whoever comes, whoever the host invites, or whoever it approves. */
export const admissions = ["open", "code", "approval"] as const;

const source = z.strictObject({
  id: z.string("text").regex(/^[a-z0-9][a-z0-9-]{0,31}$/, "1 to 32 of a-z, 0-9 and -, not starting with -"),
  title: line(80),
  language: z.string("text").regex(/^[A-Za-z0-9-]{1,35}$/, "a language tag such as es or zh-Hant"),
  /** Of its text, for whoever uses what was learnt from it: `CC-BY-SA-4.0`. */
  licence: line(200).optional(),
  /** `served`: the host has the text; `brought`: each volunteer brings their own. */
  text: oneOf(["served", "brought"]),
  /** A folder or file of .txt, .md or .jsonl, relative to the run file; for served text. */
  train: line(1000).optional(),
  heldOut: line(1000).optional(),
  /** Tokens of the source's own vocabulary; else as many as the run's `vocabulary.size` says. */
  vocabulary: tokens.optional(),
  /** A tokenizer.json that the host gives, where vocabularies are of sources. */
  tokenizer: line(1000).optional(),
  /** Instead of the run's. */
  words: words.optional(),
  admission: oneOf(admissions).default("open"),
});

const vocabulary = z.strictObject({
  /**
   * `own`: each device trains one on its text; `source`: one a source, of its served text or given; `global`: one for
   * the run, of a sample of the served texts or given.
   */
  kind: oneOf(["own", "source", "global"]).default("own"),
  size: tokens.default(2048),
  /** A tokenizer.json that the host gives for the whole run. */
  file: line(1000).optional(),
  /** UTF-8 bytes of the served texts that a global vocabulary is trained on, an equal share of each source. */
  sampleBytes: count(1000, 1_000_000_000).default(16_000_000),
});

const seconds = positive(30 * 86400);

/** For how long volunteers train in a round, counted from its opening: each makes as many steps as its device has time for. */
const timeBox = z.union(
  [
    z.literal("off"),
    z.strictObject({
      seconds,
      /** Each makes so many, however long they take it. */
      leastSteps: count(1, 100_000).default(1),
    }),
  ],
  "off, or seconds and leastSteps",
);

const training = z.strictObject({
  /** That each volunteer makes in a round; where that has a time box, at most. */
  localSteps: count(1, 100_000),
  timeBox: timeBox.default("off"),
  batch: count(1, 4096),
  learningRate: z.strictObject({
    peak: positive(10),
    schedule: oneOf(["cosine", "constant"]).default("cosine"),
    warmupSteps: count(0, 1_000_000).default(100),
    finalFraction: z.number("a number").min(0, "0 or more").max(1, "at most 1").default(0.1),
  }),
  betas: z.tuple([share, share], "two numbers from 0 to less than 1").default([0.9, 0.95]),
  epsilon: positive(1).default(1e-8),
  weightDecay: z.number("a number").min(0, "0 or more").max(10, "at most 10").default(0),
  clip: positive(1e6).default(1),
  moments: oneOf(["afresh", "kept"]).default("afresh"),
  /** Of the body's matrices; all else is AdamW's. */
  optimiser: z
    .discriminatedUnion(
      "kind",
      [
        z.strictObject({ kind: z.literal("adamw") }),
        z.strictObject({ kind: z.literal("muon"), momentum: share.default(0.95) }),
      ],
      "kind: adamw or muon",
    )
    .default({ kind: "adamw" }),
  /** Steps in which fresh embeddings fit a body that has been trained, while it stands still, before they count. */
  fitSteps: count(0, 100_000).default(25),
  /** The same at the beginning of each round, for embeddings that are not fresh. */
  refitSteps: count(0, 100_000).default(0),
  seed: count(0, 4294967295).default(1),
  /** The experiment's control: the body stays as it was initialised; only embeddings are learnt. */
  frozenBody: z.boolean("true or false").default(false),
});

const outer = z.discriminatedUnion(
  "kind",
  [
    z.strictObject({ kind: z.literal("averaging") }),
    z.strictObject({
      kind: z.literal("nesterov"),
      lr: positive(10).default(0.7),
      momentum: share.default(0.9),
    }),
    z.strictObject({
      kind: z.literal("adam"),
      lr: positive(10).default(0.01),
      betas: z.tuple([share, share], "two numbers from 0 to less than 1").default([0.9, 0.99]),
      epsilon: positive(1).default(1e-3),
    }),
  ],
  "kind: averaging, nesterov or adam",
);

const roundPolicy = z.strictObject({
  /** Volunteers that must be ready before a round opens. */
  minimum: count(1, 100_000).default(1),
  /** Deltas after which the round closes when `graceSeconds` have passed; `all` waits for everybody. */
  quorum: z.union([count(1, 100_000), z.literal("all")], "a whole number or all").default("all"),
  graceSeconds: z.number("a number").min(0, "0 or more").max(86400, "at most 86400").default(10),
  deadlineSeconds: seconds.default(600),
  /** A round takes so long at least: the run cannot be used up faster than this, whatever anybody sends. */
  minimumSeconds: z.number("a number").min(0, "0 or more").max(86400, "at most 86400").default(2),
  /** Sources of which a quorum needs a delta; `all`: each that is assigned and still waited for. */
  quorumSources: z.union([count(1, 256), z.literal("all")], "a whole number or all").default("all"),
  /** Rounds that a volunteer misses in a row, after which it is not waited for until it has delivered. */
  excuseAfter: z.union([count(1, 100_000), z.literal("never")], "a whole number or never").default(2),
  /** For the evaluation of the last body. */
  evaluationSeconds: seconds.default(120),
  /** Which sources take part in a round: all, or a seeded random share of them, at least one. */
  sources: z
    .union([z.number().gt(0).max(1), z.literal("all")], "a share above 0 and at most 1, or all")
    .default("all"),
});

/** How a section of a delta becomes bytes. Of `sparse2`: the k largest of 4,096 numbers. */
const codec = z.union(
  [
    oneOf(["fp32", "fp16", "int8", "int4", "int2"]),
    z.strictObject({ kind: z.literal("sparse2"), k: count(1, 1024).default(64) }),
  ],
  "fp32, fp16, int8, int4, int2, or kind: sparse2 and a k from 1 to 1024",
);

/**
 * What a delta's bytes leave out goes into later ones, less with every round (Karimireddy et al., arXiv 1901.09847). The decay is
 * SparseLoCo's (arXiv 2508.15706); by as many rounds as it remembers, 1 / (1 - 0.95), the body has moved on.
 */
const errorFeedback = z.union(
  [
    z.literal("off"),
    z.strictObject({
      decay: z.number("a number").min(0, "0 or more").max(0.99, "at most 0.99").default(0.95),
      rounds: count(1, 100).default(20),
    }),
  ],
  "off, or a decay from 0 to 0.99 and rounds from 1 to 100",
);

/** How long a delta may be beside those of its round, per tensor and in all: `multiple` times their median. */
const clipping = z.union(
  [
    z.literal("off"),
    z.strictObject({ kind: z.literal("median"), multiple: positive(1e6).min(1, "at least 1") }),
  ],
  "off, or kind: median and a multiple",
);

const against = {
  /** Of a source's deltas, the share that may attack. */
  attackers: z.number("a share").min(0, "at least 0").lt(0.5, "below 0.5").default(0.3),
  /** Deltas of a source from which on the rule holds; of fewer it is their mean. */
  from: count(3, 1000).default(5),
};

/** How the deltas of one source become one, before the mean over sources. */
const average = z.discriminatedUnion(
  "rule",
  [
    z.strictObject({ rule: z.literal("mean") }),
    z.strictObject({
      rule: z.literal(["trimmed-mean", "median"]),
      /** Before it each delta is mixed with those nearest to it. */
      mixing: oneOf(["nearest", "off"]).default("nearest"),
      ...against,
    }),
    z.strictObject({ rule: z.literal(["multi-krum", "centred-clipping"]), ...against }),
  ],
  "a rule: mean, trimmed-mean, median, multi-krum or centred-clipping",
);

/** A body that raises held-out bits per byte by more than this share makes the run wait for its host. */
const hold = z.union(
  [z.literal("off"), z.strictObject({ worsening: positive(100) })],
  "off, or worsening: a share",
);

/** Volunteers of a served source measure each other's deltas, and one that keeps making the body worse counts no more. */
const review = z.union(
  [
    z.literal("off"),
    z.strictObject({
      /** So many volunteers in a row, each another one, have to find a volunteer's deltas harmful. */
      quarantineAfter: count(2, 100).default(2),
      /** Of nats, by which a delta may make the body worse without being called harmful. */
      tolerance: z.number("a share").min(0, "0 or more").max(1, "at most 1").default(0.001),
      /** Of held-out text that is measured: twice so many. */
      rows: count(1, 10_000).default(32),
    }),
  ],
  "off, or quarantineAfter from 2, tolerance from 0 to 1 and rows",
);

const keep = z.strictObject({
  /**
   * Which bodies stay for whoever wants them: `all`, the first and every so manieth, or the first and so many of the last. Beside
   * these always those that the host may go back to.
   */
  bodies: z
    .union(
      [
        z.literal("all"),
        z.strictObject({ every: count(1, 1_000_000) }),
        z.strictObject({ last: count(1, 100) }),
      ],
      "all, every: a whole number from 1, or last: a whole number from 1 to 100",
    )
    .default({ every: 10 }),
  /** Of the last bodies: the host may go back to each of these, with what outer optimisers kept. At least as many as deltas ask. */
  undoBodies: count(1, 100).default(5),
  /**
   * Rounds after which a delta goes, or `all`: none goes, and every body can be made again of its deltas. If it is not given,
   * 3 where the host serves all text, and 0 where some is brought.
   */
  deltaRounds: z.union([count(0, 100), z.literal("all")], "a whole number from 0 to 100, or all").optional(),
});

/** Those that joined later included. */
export const mostSources = 256;

/** Of the shape and its defaults. A change of either is a new version, with a lift for manifests of the one before. */
export const schemaVersion = 3;

/** Scheme, name and port, as browsers write it: in small letters, and without the port that the scheme has anyway. */
const origin = z
  .string("text")
  .regex(
    /^https?:\/\/([a-z0-9.-]{1,253}|\[[0-9a-f:.]+\])(:\d{1,5})?$/,
    "an origin such as https://example.org",
  )
  .refine((text) => !/^(https:.*:443|http:.*:80)$/.test(text), "an origin without its scheme's own port");

export const runFileShape = z.strictObject({
  name: line(80),
  description: line(2000),
  host: line(200).default("an unnamed host"),
  /** Of pages elsewhere that may take part too. */
  origins: z.array(origin, "a list of origins").max(32, "at most 32 origins").default([]),
  model,
  /** What body 0 begins as, instead of by the seed: a model folder of Hugging Face's form, relative to the run file. */
  start: z.strictObject({ from: line(1000) }, "from: a model folder").optional(),
  variant: oneOf(["spec", "glob", "trim"]).default("spec"),
  vocabulary: vocabulary.prefault({}),
  words: words.default("device"),
  sources: z
    .array(source, "a list of sources")
    .min(1, "at least one source")
    .max(mostSources, `at most ${mostSources} sources`),
  training,
  outer: outer.default({ kind: "averaging" }),
  /** Within a source. If it is not given, `tokens` where rounds have a time box, else `equal`. */
  weighting: oneOf(["equal", "tokens"]).optional(),
  /** A volunteer counts fully in its source from so many rounds on in which its deltas counted; before that by their share. */
  newcomerRounds: count(1, 100).default(3),
  clipping: clipping.default({ kind: "median", multiple: 3 }),
  average: average.default({ rule: "trimmed-mean", mixing: "nearest", attackers: 0.3, from: 5 }),
  hold: hold.default({ worsening: 0.25 }),
  review: review.default("off"),
  keep: keep.prefault({}),
  codec: codec.default("fp16"),
  /** If it is not given, on where the codec drops an eighth of a delta's squared length or more: `int2` and `sparse2`. */
  errorFeedback: errorFeedback.optional(),
  /** How outer steps travel to whoever has the body before: rounded to so many bits, the body with them; `off`: as whole bodies. */
  down: oneOf(["off", "int8", "int4"]).default("off"),
  /** The numbers of a body: with fp16 all of them are rounded to halves after each step, and it has half of the bytes. */
  body: oneOf(["fp32", "fp16"]).default("fp32"),
  /** Whether volunteers train on while a round's delta is sent and the next body fetched. */
  overlap: oneOf(["off", "eager"]).default("off"),
  rounds: count(1, 1_000_000),
  round: roundPolicy.prefault({}),
  heldOut: z
    .strictObject({
      share: share.default(0.1),
      /** Rows of held-out text evaluated each round; `all` takes every one. */
      sampleRows: z.union([count(1, 1_000_000), z.literal("all")], "a whole number or all").default("all"),
      /** UTF-8 bytes of an evaluation that is shown: of fewer, it says nothing. */
      leastBytes: count(1, 1_000_000).default(50),
    })
    .prefault({}),
});

export const runFileSchema = runFileShape.superRefine(sayContradictions, { when: () => true });

type Shape = z.output<typeof runFileShape>;

/** What keys say of each other [P44]: of those alone that are right by themselves. */
function sayContradictions(file: Shape, context: z.core.$RefinementCtx<Shape>): void {
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

type Encoding = Pick<Shape, "codec" | "errorFeedback">;

/** Of a run file; where it does not say, by its codec. */
function errorFeedbackOf({ codec, errorFeedback: said }: Encoding): z.output<typeof errorFeedback> {
  if (said !== undefined) return said;
  return codec === "int2" || typeof codec === "object" ? errorFeedback.parse({}) : "off";
}

/** [P57] */
function wrongFeedback(file: Encoding & Pick<Shape, "outer">): [path: string[], message: string] | undefined {
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
}: Pick<Shape, "training" | "round">): [key: string, message: string][] {
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
function isEagerWithAdam({ overlap, outer }: Pick<Shape, "overlap" | "outer">): boolean {
  return overlap === "eager" && outer.kind === "adam";
}

/** [P58] */
function isSparseUnmixed({ codec, average }: Pick<Shape, "codec" | "average">): boolean {
  return typeof codec === "object" && "mixing" in average && average.mixing === "off";
}

/** [P69] Whether volunteers of any source can measure each other's deltas: `canReview` of packages/dept says of which. */
function mayReview({
  review,
  variant,
  words,
  sources,
}: Pick<Shape, "review" | "variant" | "words" | "sources">): boolean {
  const shares = (source: Shape["sources"][number]) =>
    variant !== "spec" || (source.words ?? words) === "source";
  return review === "off" || sources.some((source) => source.text === "served" && shares(source));
}

/** The keys that a run file may have at a path, for whoever mistyped one. */
export function keysAt(path: readonly PropertyKey[]): readonly string[] {
  interface Node {
    readonly properties?: Readonly<Record<string, Node>>;
    readonly items?: Node;
    readonly anyOf?: readonly Node[];
    readonly oneOf?: readonly Node[];
  }
  const forms = (node: Node | undefined): readonly Node[] =>
    node === undefined ? [] : [node, ...(node.anyOf ?? []), ...(node.oneOf ?? [])];
  let here = forms(z.toJSONSchema(runFileShape, { io: "input", unrepresentable: "any" }) as Node);
  for (const key of path)
    here = here.flatMap(({ properties, items }) =>
      forms(typeof key === "number" ? items : properties?.[String(key)]),
    );
  return [...new Set(here.flatMap(({ properties = {} }) => Object.keys(properties)))];
}

export type SourceOfFile = z.output<typeof source>;

/** The part of a run, of a file or stored, that says which sources it can have. */
type RunOfSource = Pick<z.output<typeof runFileShape>, "variant" | "words"> & {
  readonly vocabulary: Pick<z.output<typeof vocabulary>, "kind">;
};

function wrongInSource(
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

/**
 * One source of a run file, as a run can have it beside the others. Throws an InputError that names the key by `place`:
 * `sources.2.train`, `--train`.
 */
export function checkSourceOfFile(
  run: RunOfSource,
  value: unknown,
  others: ReadonlySet<string>,
  place: (key: string) => string,
): SourceOfFile {
  const result = source.safeParse(value);
  const [key, message] = result.success
    ? (wrongInSource(run, result.data, others)[0] ?? [])
    : [String(result.error.issues[0]!.path[0]), result.error.issues[0]!.message];
  if (key === undefined || message === undefined) return result.data!;
  throw new InputError(place(key), message, shown(valueAt(value, [key])));
}

export type RunFile = z.output<typeof runFileSchema>;

export const checkRunFile = checked(runFileSchema as z.ZodType<RunFile>, "run file");

/** What the host serves of one source. */
export interface ServedText {
  readonly train: Sha256;
  readonly trainBytes: number;
  readonly heldOut: Sha256 | null;
  readonly heldOutBytes: number;
  /** Where rows are a matter of the text: the row map of this text, a bitmap in the blobs, and how many it holds. */
  readonly rows?: { readonly sha256: Sha256; readonly held: number } | undefined;
}

/** A tokenizer.json in the blobs, that devices take instead of training one. */
export interface ServedTokenizer {
  readonly sha256: Sha256;
  readonly sizeBytes: number;
}

export interface ManifestSource {
  readonly id: SourceId;
  readonly title: string;
  readonly language: string;
  /** Of its text; not there where the host states none. */
  readonly licence?: string | undefined;
  /** Rows of the embedding, before any are left out. */
  readonly vocabulary: number;
  /** Null where each device trains its own. */
  readonly tokenizer: ServedTokenizer | null;
  readonly words: RunFile["words"];
  readonly admission: (typeof admissions)[number];
  /** Null where volunteers bring the text. Served text is JSON lines, `{"text": ...}`, by hash under /texts/. */
  readonly served: ServedText | null;
}

/** What a run starts from, as it was when the run was created. */
export interface Start {
  /** Of the model's folder, for people: no part of the run's identity. */
  readonly name: string;
  /** Of its weights: of model.safetensors, or of the lines that `sha256sum` prints of several files. */
  readonly sha256: Sha256;
  /** Groups whose first numbers are the folder's; those of others follow from the seed. */
  readonly groups: readonly GroupName[];
}

/** The run file without paths: what a volunteer needs, and what the run's identity is made of. */
export interface RunManifest
  extends Omit<RunFile, "sources" | "vocabulary" | "keep" | "start" | "errorFeedback" | "weighting"> {
  readonly run: RunId;
  /** Not there where the first body follows from the seed. */
  readonly start?: Start | undefined;
  readonly errorFeedback: z.output<typeof errorFeedback>;
  readonly weighting: NonNullable<RunFile["weighting"]>;
  readonly keep: Omit<RunFile["keep"], "deltaRounds"> & { readonly deltaRounds: number | "all" };
  readonly vocabulary: Omit<RunFile["vocabulary"], "file">;
  readonly sources: readonly ManifestSource[];
}

/** A tokenizer by source, with the size of its vocabulary where that is the file's to say. */
export type Tokenizers = ReadonlyMap<string, ServedTokenizer & { readonly vocabulary?: number | undefined }>;

/** `texts` and `tokenizers`: what the host serves, by source. `start`: what the folder is that the file names. */
export function manifestOf(
  file: RunFile,
  texts: ReadonlyMap<string, ServedText>,
  tokenizers: Tokenizers = new Map(),
  start?: Start,
): RunManifest {
  const { start: _start, ...rest } = file;
  const { file: _, ...vocabulary } = file.vocabulary;
  const sources = file.sources.map((source): ManifestSource => {
    const { id, title, language, licence, words = file.words, admission } = source;
    const tokenizer = tokenizers.get(id);
    return {
      id: id as SourceId,
      title,
      language,
      ...(licence === undefined ? {} : { licence }),
      vocabulary: tokenizer?.vocabulary ?? source.vocabulary ?? vocabulary.size,
      tokenizer:
        tokenizer === undefined ? null : { sha256: tokenizer.sha256, sizeBytes: tokenizer.sizeBytes },
      words,
      admission,
      served: texts.get(id) ?? null,
    };
  });
  const isServed = file.sources.every(({ text }) => text === "served");
  const keep: RunManifest["keep"] = {
    ...file.keep,
    deltaRounds: file.keep.deltaRounds ?? (isServed ? 3 : 0),
  };
  const { weighting = file.training.timeBox === "off" ? "equal" : "tokens" } = file;
  const unnamed = {
    ...{ ...rest, vocabulary, sources, keep, weighting, errorFeedback: errorFeedbackOf(file) },
    ...(start === undefined ? {} : { start }),
  };
  return { run: identityOf(unnamed), ...unnamed };
}

/** The run's identity: description, host, origins, deadlines and number of rounds may change; nothing else may. */
export function identityOf(manifest: Omit<RunManifest, "run">): RunId {
  return runId(sha256OfText(canonicalJson(fixedPart(manifest))));
}

export function fixedPart(manifest: Omit<RunManifest, "run">): unknown {
  const { description: _d, host: _h, origins: _o, rounds: _r, round, ...rest } = manifest as RunManifest;
  const {
    graceSeconds: _g,
    deadlineSeconds: _s,
    evaluationSeconds: _e,
    minimumSeconds: _m,
    ...policy
  } = round;
  const { run: _run, start, ...fixed } = rest;
  const { name: _name, ...startFixed } = start ?? {};
  return { ...fixed, ...(start === undefined ? {} : { start: startFixed }), round: policy };
}

/** JSON with sorted keys and no spaces: equal values have equal text. */
export function canonicalJson(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(canonicalJson).join(",")}]`;
  if (typeof value === "object" && value !== null) {
    const entries = Object.entries(value).filter(([, item]) => item !== undefined);
    entries.sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0));
    return `{${entries.map(([key, item]) => `${JSON.stringify(key)}:${canonicalJson(item)}`).join(",")}}`;
  }
  return JSON.stringify(value) ?? "null";
}

export interface Difference {
  readonly key: string;
  readonly was: unknown;
  readonly is: unknown;
}

/** Key by key, what differs between two values: `training.batch`, `sources.0.vocabulary`. */
export function differences(was: unknown, is: unknown, at = ""): Difference[] {
  const both = (value: unknown): value is Record<string, unknown> =>
    typeof value === "object" && value !== null;
  if (both(was) && both(is)) {
    const keys = [...new Set([...Object.keys(was), ...Object.keys(is)])].sort();
    return keys.flatMap((key) => differences(was[key], is[key], at === "" ? key : `${at}.${key}`));
  }
  return was === is ? [] : [{ key: at, was, is }];
}
