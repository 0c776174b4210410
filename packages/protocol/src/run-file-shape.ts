// The run file: what keys it may have, and what they are where the file says nothing.

import { z } from "zod";

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

export const sourceOfFile = z.strictObject({
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
  /** Whether AdamW's go on from round to round, on the device. If it is not given, by the codec: see `momentsOf`. */
  moments: oneOf(["afresh", "kept"]).optional(),
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
    .array(sourceOfFile, "a list of sources")
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

/** With defaults in their places; what its keys say of each other may be wrong still. */
export type RunFileShape = z.output<typeof runFileShape>;

export type SourceOfFile = z.output<typeof sourceOfFile>;

export type ErrorFeedback = z.output<typeof errorFeedback>;

/** Of a run file; where it does not say, by its codec. */
export function errorFeedbackOf({
  codec,
  errorFeedback: said,
}: Pick<RunFileShape, "codec" | "errorFeedback">): ErrorFeedback {
  if (said !== undefined) return said;
  return codec === "int2" || typeof codec === "object" ? errorFeedback.parse({}) : "off";
}

export type KeptMoments = "afresh" | "kept";

/**
 * Of a run file; where it does not say, by its codec. What begins afresh moves every number about as far in its first steps, so that the
 * largest numbers of a delta are any; where moments are kept they are those that learning is about, and `sparse2` sends these alone.
 */
export function momentsOf({ codec, training }: Pick<RunFileShape, "codec" | "training">): KeptMoments {
  return training.moments ?? (typeof codec === "object" ? "kept" : "afresh");
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
