import { expect, test } from "vitest";
import {
  canonicalJson,
  checkManifest,
  checkRunFile,
  differences,
  fixedPart,
  manifestOf,
  runFileSchema,
  type ServedText,
} from "./index.ts";

const file = (change: Record<string, unknown> = {}) => ({
  name: "A run",
  description: "for tests",
  model: { family: "llama", depth: 2, context: 32 },
  sources: [
    { id: "es", title: "Spanish", language: "es", text: "served", train: "texts/es", vocabulary: 300 },
    { id: "mine", title: "Your own", language: "en", text: "brought", vocabulary: 300 },
  ],
  training: { localSteps: 10, batch: 4, learningRate: { peak: 0.01 } },
  rounds: 5,
  ...change,
});
const served = new Map<string, ServedText>([
  ["es", { train: "ab".repeat(32) as never, trainBytes: 10, heldOut: null, heldOutBytes: 0 }],
]);
const runOf = (change: Record<string, unknown> = {}) => manifestOf(checkRunFile(file(change)), served).run;

test("defaults are filled in, and paths are not in the manifest", () => {
  const manifest = manifestOf(checkRunFile(file()), served);
  expect(manifest).toMatchObject({
    variant: "spec",
    codec: "fp16",
    outer: { kind: "averaging" },
    round: { minimum: 1, quorum: "all" },
    training: { betas: [0.9, 0.95], moments: "afresh", learningRate: { schedule: "cosine" } },
  });
  expect(JSON.stringify(manifest)).not.toContain("texts/es");
});

test("deltas are kept for three rounds where the host serves all text, else for as many as the file says", () => {
  const kept = (change: Record<string, unknown>) => manifestOf(checkRunFile(file(change)), served).keep;
  expect(kept({})).toEqual({ bodies: { every: 10 }, undoBodies: 5, deltaRounds: 0 });
  expect(kept({ sources: file().sources.slice(0, 1) })).toEqual({
    bodies: { every: 10 },
    undoBodies: 5,
    deltaRounds: 3,
  });
  expect(kept({ keep: { deltaRounds: 7 } })).toEqual({
    bodies: { every: 10 },
    undoBodies: 5,
    deltaRounds: 7,
  });
  for (const bodies of ["all", { every: 3 }, { last: 20 }])
    expect(kept({ keep: { bodies } })).toEqual({ bodies, undoBodies: 5, deltaRounds: 0 });
  for (const bodies of [5, "some", {}, { every: 1, last: 1 }])
    expect(() => checkRunFile(file({ keep: { bodies } }))).toThrow("all, every: a whole number");
  expect(() => checkRunFile(file({ keep: { bodies: { every: 0 } } }))).toThrow(
    "keep.bodies.every: expected at least 1",
  );
  expect(() => checkRunFile(file({ keep: { bodies: { last: 101 } } }))).toThrow(
    "keep.bodies.last: expected at most 100",
  );
  expect(() => checkRunFile(file({ clipping: "on" }))).toThrow("off, or kind: median and a multiple");
  expect(() => checkRunFile(file({ average: { rule: "best" } }))).toThrow("a rule: mean, trimmed-mean");
  expect(() => checkRunFile(file({ average: { rule: "median", attackers: 0.5 } }))).toThrow("below 0.5");
  expect(() => checkRunFile(file({ average: { rule: "multi-krum", mixing: "nearest" } }))).toThrow("mixing");
  expect(() => checkRunFile(file({ hold: true }))).toThrow("off, or worsening: a share");
});

test("[P57] what a codec drops is carried on where that is much, unless the file says otherwise", () => {
  const encoding = (change: Record<string, unknown>) => {
    const { codec, errorFeedback } = manifestOf(checkRunFile(file(change)), served);
    return { codec, errorFeedback };
  };
  const usual = { decay: 0.95, rounds: 20 };
  expect(encoding({}).errorFeedback).toBe("off");
  for (const codec of ["int8", "int4"]) expect(encoding({ codec }).errorFeedback).toBe("off");
  expect(encoding({ codec: "int2" }).errorFeedback).toEqual(usual);
  const sparse = { kind: "sparse2" };
  expect(encoding({ codec: sparse })).toEqual({ codec: { kind: "sparse2", k: 64 }, errorFeedback: usual });
  expect(encoding({ codec: sparse, errorFeedback: "off" }).errorFeedback).toBe("off");
  expect(encoding({ codec: "int4", errorFeedback: { decay: 0.9 } }).errorFeedback).toEqual({
    ...usual,
    decay: 0.9,
  });
  expect(() => encoding({ codec: "sparse2" })).toThrow("or kind: sparse2 and a k from 1 to 1024");
  for (const k of [0, 1025, 1.5])
    expect(() => encoding({ codec: { ...sparse, k } })).toThrow("run file.codec");
  for (const wrong of ["on", { decay: 1 }, { rounds: 0 }, { rounds: 101 }])
    expect(() => encoding({ codec: sparse, errorFeedback: wrong })).toThrow("run file.errorFeedback");
});

test("[P75] moments are kept where deltas are sparse, unless the file says otherwise", () => {
  const of = (change: Record<string, unknown>, moments?: string) => {
    const { training } = file();
    return manifestOf(checkRunFile(file({ ...change, training: { ...training, moments } })), served).training
      .moments;
  };
  const codec = { kind: "sparse2" };
  expect([of({}), of({ codec: "int2" }), of({ codec })]).toEqual(["afresh", "afresh", "kept"]);
  expect([of({}, "kept"), of({ codec }, "afresh")]).toEqual(["kept", "afresh"]);
  expect(() => of({}, "on")).toThrow("run file.training.moments: expected one of afresh, kept");
});

test("[P58] numbers of sparse deltas are not taken one by one", () => {
  const codec = { kind: "sparse2", k: 64 };
  const unmixed = { rule: "median", mixing: "off" };
  expect(() => checkRunFile(file({ codec, average: unmixed }))).toThrow(
    "average.mixing: expected nearest, since most numbers of a sparse delta are 0",
  );
  for (const average of [undefined, { rule: "median" }, { rule: "multi-krum" }, { rule: "mean" }])
    expect(checkRunFile(file({ codec, average })).codec).toEqual(codec);
  expect(checkRunFile(file({ average: unmixed })).average).toMatchObject(unmixed);
});

test("[P66] rounds have no time box unless the file says so; where they have one, deltas weigh by their tokens", () => {
  const { training } = file();
  const of = (timeBox: unknown, change: Record<string, unknown> = {}) => {
    const boxed = { ...training, ...(timeBox === undefined ? {} : { timeBox }) };
    const made = manifestOf(checkRunFile(file({ training: boxed, ...change })), served);
    return [made.training.timeBox, made.weighting];
  };
  expect(of(undefined)).toEqual(["off", "equal"]);
  expect(of("off", { weighting: "tokens" })).toEqual(["off", "tokens"]);
  expect(of({ seconds: 60 })).toEqual([{ seconds: 60, leastSteps: 1 }, "tokens"]);
  expect(of({ seconds: 60, leastSteps: 10 }, { weighting: "equal" })).toEqual([
    { seconds: 60, leastSteps: 10 },
    "equal",
  ]);
  for (const [timeBox, message] of [
    [60, "training.timeBox: expected off, or seconds and leastSteps"],
    [{ seconds: 0 }, "training.timeBox.seconds: expected more than 0"],
    [{ seconds: 600 }, "training.timeBox.seconds: expected less than round.deadlineSeconds, which is 600"],
    [
      { seconds: 60, leastSteps: 11 },
      "training.timeBox.leastSteps: expected at most training.localSteps, which is 10",
    ],
  ] as const)
    expect(() => of(timeBox)).toThrow(message);
});

test("[P69] reviews are off by themselves, and refused where nobody has both the text and the words that a delta is measured with", () => {
  const served = { id: "es", title: "Español", language: "es", text: "served", train: "es" };
  const brought = { id: "me", title: "My texts", language: "en", text: "brought" };
  const read = (change: object) => checkRunFile(file({ review: {}, ...change }));
  const shared = { variant: "glob", vocabulary: { kind: "global" } };
  const inSource = { words: "source", vocabulary: { kind: "source" }, sources: [served] };
  expect(checkRunFile(file({})).review).toBe("off");
  const asked = { quarantineAfter: 2, tolerance: 0.001, rows: 32 };
  for (const change of [{ ...shared, sources: [served, brought] }, inSource])
    expect(read(change).review).toEqual(asked);
  for (const change of [
    { sources: [served] },
    { ...shared, vocabulary: { kind: "global", file: "t.json" }, sources: [brought] },
    { ...inSource, sources: [{ ...served, words: "device" }] },
  ])
    expect(() => read(change)).toThrow(
      "run file.review: expected off, unless a source has text: served and words: source",
    );
  expect(() => read({ ...inSource, review: { quarantineAfter: 1 } })).toThrow(
    "run file.review.quarantineAfter: expected at least 2, got 1",
  );
});

test("[P57] error feedback is refused beside an outer optimiser that carries on too, and where nothing is left out", () => {
  const check = (change: Record<string, unknown>) => () => checkRunFile(file(change));
  for (const codec of ["int2", { kind: "sparse2", k: 32 }])
    for (const kind of ["nesterov", "adam"]) {
      expect(check({ codec, outer: { kind } })).toThrow(
        `run file.outer.kind: expected averaging, since error feedback carries on already what is left out (or errorFeedback: off), got "${kind}"`,
      );
      expect(check({ codec, outer: { kind }, errorFeedback: "off" })).not.toThrow();
    }
  expect(check({ codec: "int4", outer: { kind: "nesterov" } })).not.toThrow();
  expect(check({ codec: "int8", outer: { kind: "nesterov" }, errorFeedback: {} })).toThrow("outer.kind");
  expect(check({ errorFeedback: {} })).toThrow("expected off, since fp16 leaves next to nothing out");
});

test("[P65] rounds are blocking unless the file says otherwise; eager is refused beside an outer optimiser whose step nobody has a part of", () => {
  const check = (change: Record<string, unknown>) => checkRunFile(file(change)).overlap;
  expect(check({})).toBe("off");
  for (const kind of ["averaging", "nesterov"])
    expect(check({ overlap: "eager", outer: { kind } })).toBe("eager");
  expect(() => check({ overlap: "eager", outer: { kind: "adam" } })).toThrow(
    'run file.overlap: expected off, since no part of what outer: adam makes of a round is a volunteer\'s own, got "eager"',
  );
  expect(() => check({ overlap: "delayed" })).toThrow("one of off, eager");
});

test("the identity ignores description, host, deadlines and rounds, and nothing else", () => {
  const same = runOf();
  expect(runOf({ description: "another", host: "me", origins: ["https://a.org"], rounds: 9 })).toBe(same);
  expect(runOf({ round: { deadlineSeconds: 5, graceSeconds: 1, evaluationSeconds: 2 } })).toBe(same);
  expect(runOf({ round: { minimumSeconds: 9 } })).toBe(same);
  const others = [
    { name: "B" },
    { codec: "fp32" },
    { weighting: "tokens" },
    { overlap: "eager" },
    { round: { minimum: 2 } },
    { round: { quorum: 2 } },
    { model: { family: "llama", depth: 3, context: 32 } },
    { outer: { kind: "nesterov" } },
    { heldOut: { share: 0.2 } },
    { training: { ...file().training, seed: 2 } },
    { training: { ...file().training, optimiser: { kind: "muon" } } },
    { training: { ...file().training, fitSteps: 3 } },
    { round: { sources: 0.5 } },
    { round: { quorumSources: 2 } },
    { round: { excuseAfter: "never" } },
    { newcomerRounds: 1 },
    { heldOut: { leastBytes: 7 } },
    { outer: { kind: "adam" } },
    { vocabulary: { size: 1024 } },
    { clipping: "off" },
    { average: { rule: "mean" } },
    { average: { rule: "median" } },
    { average: { rule: "trimmed-mean", attackers: 0.2 } },
    { hold: { worsening: 0.5 } },
    { keep: { deltaRounds: 1 } },
    { codec: "int2" },
    { codec: "int2", errorFeedback: "off" },
    { codec: "int2", errorFeedback: { rounds: 7 } },
    { codec: { kind: "sparse2" } },
    { codec: { kind: "sparse2", k: 32 } },
    { sources: file().sources.map((source) => ({ ...source, admission: "code" })) },
  ].map(runOf);
  expect(new Set([same, ...others]).size).toBe(others.length + 1);
});

test("a served text is part of the identity", () => {
  const other = new Map([["es", { ...served.get("es")!, train: "cd".repeat(32) as never }]]);
  expect(manifestOf(checkRunFile(file()), other).run).not.toBe(runOf());
});

test("[C50] a source is open to whoever comes, unless its file says otherwise", () => {
  const admission = (change: object) =>
    manifestOf(checkRunFile(file({ sources: [{ ...file().sources[0]!, ...change }] })), served).sources[0]!
      .admission;
  expect([admission({}), admission({ admission: "code" }), admission({ admission: "approval" })]).toEqual([
    "open",
    "code",
    "approval",
  ]);
  expect(() => admission({ admission: "closed" })).toThrow("one of open, code, approval");
});

test("a source's licence is in the manifest where the file states one, and else is no part of it", () => {
  const [es, mine] = file().sources;
  const stated = manifestOf(
    checkRunFile(file({ sources: [{ ...es, licence: "CC-BY-SA-4.0" }, mine] })),
    served,
  );
  expect(stated.sources.map(({ licence }) => licence)).toEqual(["CC-BY-SA-4.0", undefined]);
  expect(Object.hasOwn(stated.sources[1]!, "licence")).toBe(false); // so runs that state none keep their id
  expect(checkManifest(JSON.parse(JSON.stringify(stated)))).toEqual(stated);
  expect(stated.run).not.toBe(runOf());
});

test("differences come key by key", () => {
  const [was, is] = [file(), file({ rounds: 9, training: { ...file().training, batch: 8 } })].map((one) =>
    fixedPart(manifestOf(checkRunFile(one), served)),
  );
  expect(differences(was, is)).toEqual([{ key: "training.batch", was: 4, is: 8 }]);
});

test("vocabularies have a home that fits the variant", () => {
  const [es, mine] = file().sources.map(({ vocabulary: _, ...source }) => source);
  const wrong = (change: Record<string, unknown>) => {
    const result = runFileSchema.safeParse({ ...file(), sources: [es, mine], ...change });
    return (result.error?.issues ?? []).map(({ path, message }) => `${path.join(".")}: ${message}`);
  };
  const global = { vocabulary: { kind: "global" } };
  const source = { vocabulary: { kind: "source" } };
  for (const variant of ["glob", "trim"]) {
    expect(wrong({ variant })).toEqual([
      `vocabulary.kind: global, since sources share their embeddings under ${variant}`,
    ]);
    expect(wrong({ variant, ...global })).toEqual([]);
    expect(wrong({ variant, ...global, words: "source" })).toEqual([
      `sources.0.words: device, since ${variant} shares the words of all sources`,
      `sources.1.words: device, since ${variant} shares the words of all sources`,
    ]);
  }
  expect(wrong({ ...global, sources: [mine] })).toEqual([
    "vocabulary.file: a tokenizer.json, since no source has served text to train one on",
  ]);
  expect(wrong({ vocabulary: { kind: "global", file: "all.json" }, sources: [mine] })).toEqual([]);
  expect(wrong({ ...source, sources: [es, { ...mine, tokenizer: "mine.json" }] })).toEqual([]);
  expect(wrong(source)).toEqual([
    "sources.1.tokenizer: a tokenizer.json, since the host has no text to train one on",
  ]);
  expect(wrong({ sources: [{ ...es, tokenizer: "es.json" }] })).toEqual([
    "sources.0.tokenizer: nothing, since vocabularies are not of sources but own",
  ]);
  expect(wrong({ ...source, sources: [{ ...es, tokenizer: "es.json", vocabulary: 300 }] })).toEqual([
    "sources.0.vocabulary: nothing, since the tokenizer that is given has its size",
  ]);
  expect(wrong({ ...global, sources: [{ ...es, vocabulary: 300 }] })).toEqual([
    "sources.0.vocabulary: nothing, since all sources share the run's",
  ]);
  expect(wrong({ vocabulary: { file: "all.json" } })).toEqual([
    "vocabulary.file: nothing, since vocabularies are not global but own",
  ]);
});

test("words are a source's where its text is served and its vocabulary is no device's own", () => {
  const [es, mine] = file().sources.map(({ vocabulary: _, ...source }) => source);
  const wrong = (change: Record<string, unknown>) =>
    (runFileSchema.safeParse({ ...file(), sources: [es], ...change }).error?.issues ?? []).map(
      ({ path, message }) => `${path.join(".")}: ${message}`,
    );
  const vocabulary = { kind: "source" };
  expect(wrong({ words: "source", vocabulary })).toEqual([]);
  expect(wrong({ vocabulary, sources: [{ ...es, words: "source" }] })).toEqual([]);
  expect(wrong({ words: "source" })).toEqual([
    "sources.0.words: device, unless vocabulary.kind is source or global",
  ]);
  const brought = { ...mine, tokenizer: "mine.json" };
  expect(wrong({ words: "source", vocabulary, sources: [es, brought] })).toEqual([
    "sources.1.words: device, since volunteers bring the text",
  ]);
  expect(wrong({ words: "source", vocabulary, sources: [es, { ...brought, words: "device" }] })).toEqual([]);
  const manifest = manifestOf(
    checkRunFile(file({ words: "source", vocabulary, sources: [es, { ...brought, words: "device" }] })),
    served,
    new Map([["mine", { sha256: "ab".repeat(32) as never, sizeBytes: 7, vocabulary: 444 }]]),
  );
  expect(manifest.sources.map(({ words, vocabulary }) => [words, vocabulary])).toEqual([
    ["source", 2048],
    ["device", 444],
  ]);
});

test("what does not fit is refused by key", () => {
  expect(() => checkRunFile(file({ rounds: "x" }))).toThrow(
    'run file.rounds: expected a whole number, got "x"',
  );
  const [es, mine] = file().sources;
  expect(() => checkRunFile(file({ sources: [{ ...es, train: undefined }] }))).toThrow("sources.0.train");
  expect(() => checkRunFile(file({ sources: [{ ...mine, train: "x" }] }))).toThrow("sources.0.train");
  expect(() => checkRunFile(file({ sources: [mine, mine] }))).toThrow("sources.1.id");
  expect(() => checkRunFile(file({ extra: 1 }))).toThrow(/extra/);
});

test("canonical JSON does not depend on the order of keys", () => {
  expect(canonicalJson({ b: [1, { d: 2, c: undefined }], a: "x" })).toBe('{"a":"x","b":[1,{"d":2}]}');
});

test("[P34] origins are written as browsers write them", () => {
  const origins =
    (...list: string[]) =>
    () =>
      checkRunFile(file({ origins: list }));
  const right = ["https://example.org", "http://localhost:8080", "https://[::1]:9"];
  expect(origins(...right)().origins).toEqual(right);
  for (const wrong of [
    "example.org",
    "https://example.org/",
    "https://Example.org",
    "https://example.org:443",
    "http://example.org:80",
    "ftp://example.org",
    "null",
    "*",
    "https://*.example.org",
  ])
    expect(origins(wrong), wrong).toThrow(/origins/);
  expect(checkRunFile(file()).origins).toEqual([]);
});

test("[P45] a run may keep all deltas, and says so in its manifest", () => {
  const keep = manifestOf(checkRunFile({ ...file(), keep: { deltaRounds: "all" } }), new Map()).keep;
  expect(keep).toEqual({ bodies: { every: 10 }, undoBodies: 5, deltaRounds: "all" });
  expect(() => checkRunFile({ ...file(), keep: { deltaRounds: "none" } })).toThrow("from 0 to 100, or all");
});
