import { createHash } from "node:crypto";
import { InputError, type Sha256 } from "@homebody/base";
import fc from "fast-check";
import { expect, test } from "vitest";
import {
  bodyId,
  checkAdmin,
  checkAnnouncement,
  checkAskApplicants,
  checkChunk,
  checkChunkTaken,
  checkCommit,
  checkEvaluation,
  checkHello,
  checkJournalPage,
  checkOpenMessage,
  checkPresenceReport,
  checkProgress,
  checkReady,
  checkRemoved,
  checkReply,
  checkUploadOpened,
  checkVerdict,
  checkWatch,
  checkWatching,
  checkWelcome,
  events,
  isRefusal,
  protocolOf,
  refusalSentences,
  uploadOf,
  volunteerOf,
} from "./index.ts";

const hex = (digits: number) => "0123456789abcdef".repeat(4).slice(0, digits);
const valid = {
  hello: {
    protocol: 2,
    run: hex(64),
    secret: hex(64),
    source: "es",
    device: { backend: "wasm", host: "node" },
    can: {
      codecs: ["fp32", "fp16"],
      sections: ["theta"],
      vocabularies: ["own"],
      optimisers: ["muon"],
      rounds: ["steps"],
      bodies: ["fp32"],
    },
  },
  ready: { ready: true },
  progress: { round: 1, stage: "train", step: 3, of: 10, loss: 2.5, tokensPerSecond: null },
  open: { round: 1, delta: hex(64), sizeBytes: 10, steps: 1, tokens: 32, loss: 2 },
  chunk: { upload: hex(32), offset: 0, bytes: new Uint8Array(3) },
  commit: { upload: hex(32) },
  evaluation: { body: 0, id: hex(64), nats: 1, tokens: 1, bytes: 1 },
  verdict: { delta: hex(64), natsWithout: 2, natsWith: 1, bytes: 1 },
  watch: { after: 0 },
  admin: { token: "t", act: { kind: "remove", volunteer: hex(32) } },
  applicants: { token: "t" },
};
const checks = {
  hello: checkHello,
  ready: checkReady,
  progress: checkProgress,
  open: checkOpenMessage,
  chunk: checkChunk,
  commit: checkCommit,
  evaluation: checkEvaluation,
  verdict: checkVerdict,
  watch: checkWatch,
  admin: checkAdmin,
  applicants: checkAskApplicants,
} satisfies Record<keyof typeof valid, (value: unknown) => unknown>;
const kinds = Object.keys(valid) as (keyof typeof valid)[];

test("every request that a volunteer or watcher can make has a check", () => {
  const asked = Object.keys(events).filter(
    (name) => !["leave", "announcement", "entries", "presence", "removed"].includes(name),
  );
  expect([...kinds].sort()).toEqual(asked.sort());
});

test("a valid message passes unchanged", () => {
  for (const kind of kinds) expect(checks[kind](valid[kind])).toEqual(valid[kind]);
});

test("[P3] [P22] no message has room for text: another field is left unread, and every string is of a closed form", () => {
  for (const kind of kinds) {
    expect(checks[kind]({ ...valid[kind], note: "the quick brown fox" })).toEqual(valid[kind]);
    if (kind === "admin" || kind === "applicants") continue; // of the host; its token is compared and not kept
    for (const [key, value] of Object.entries(valid[kind])) {
      if (typeof value !== "string") continue;
      expect(() => checks[kind]({ ...valid[kind], [key]: "The quick brown fox" })).toThrow(InputError);
    }
  }
});

test("[P2] whatever comes, a check answers with an InputError or the message", () => {
  fc.assert(
    fc.property(fc.constantFrom(...kinds), fc.anything(), fc.string(), (kind, junk, key) => {
      for (const value of [junk, { ...valid[kind], [key]: junk }, { ...valid[kind], ...Object(junk) }]) {
        try {
          checks[kind](value);
        } catch (error) {
          expect(error).toBeInstanceOf(InputError);
        }
      }
    }),
  );
});

test("[P63] a delta may name the body that it starts from", () => {
  expect(checkOpenMessage({ ...valid.open, body: 0 }).body).toBe(0);
  expect(() => checkOpenMessage({ ...valid.open, body: -1 })).toThrow("open.body");
});

test("an error says which field, what was expected and what came", () => {
  expect(() => checkOpenMessage({ ...valid.open, delta: "x" })).toThrow(
    'open.delta: expected 64 hex digits, got "x"',
  );
  expect(() => checkOpenMessage({ ...valid.open, loss: Number.NaN })).toThrow(InputError);
  expect(() => checkOpenMessage({ ...valid.open, steps: 0 })).toThrow(InputError);
});

test("[P4] [P74] the version of a hello is read whatever else it holds", () => {
  expect(protocolOf({ protocol: 3, everything: "else", run: 7 })).toBe(3);
  for (const junk of [undefined, null, "hello", {}, { protocol: "2" }])
    expect(protocolOf(junk)).toBeUndefined();
  const { can: _, ...older } = valid.hello;
  expect(() => checkHello(older)).toThrow("hello.can");
  const { codecs, sections } = valid.hello.can;
  expect(checkHello({ ...valid.hello, can: { codecs, sections } }).can).toEqual({
    codecs,
    sections,
    vocabularies: ["own"],
    optimisers: ["adamw"],
    rounds: ["steps"],
    bodies: ["fp32"],
  });
});

const body = { number: 3, id: hex(64), sections: [{ name: "theta", sha256: hex(64), sizeBytes: 10 }] };
const down = {
  announcement: [checkAnnouncement, { paused: false, body, kind: "closing", round: 4 }],
  training: [
    checkAnnouncement,
    {
      paused: true,
      body,
      kind: "training",
      round: 4,
      localSteps: 10,
      stepsBefore: 30,
      totalSteps: 100,
      remainingMs: 12.5,
      assignment: { slot: 0, slots: 1 },
      accepted: false,
    },
  ],
  welcome: [
    checkWelcome,
    { volunteer: hex(32), announcement: { paused: false, body, kind: "finished", rounds: 3 } },
  ],
  opened: [checkUploadOpened, { upload: hex(32), offset: 0, accepted: false }],
  chunk: [checkChunkTaken, { offset: 3 }],
  removed: [checkRemoved, { reason: "replaced" }],
  watching: [checkWatching, { last: 4 }],
  page: [checkJournalPage, { entries: [{ seq: 1 }], last: 4 }],
  presence: [
    checkPresenceReport,
    {
      at: 5,
      volunteers: [
        {
          volunteer: hex(32),
          source: "es",
          device: { backend: "wasm", host: "node" },
          connected: true,
          ready: false,
          progress: null,
          lastSeenAt: 4,
        },
      ],
      refusals: { "too-many": 2 },
    },
  ],
} as const satisfies Record<string, readonly [(value: unknown) => unknown, unknown]>;

test("[P22] what comes down is checked on arrival: it passes with fields that are not known, and not without those that are", () => {
  for (const [check, message] of Object.values(down)) {
    expect(check(message)).toEqual(message);
    expect(check({ ...message, later: 1 })).toEqual(message);
    for (const key of Object.keys(message)) {
      const { [key as never]: _, ...rest } = message as Record<string, unknown>;
      expect(() => check(rest)).toThrow(InputError);
      expect(() => check({ ...message, [key]: Symbol("junk") })).toThrow(InputError);
    }
  }
});

test("an answer is ok with its fields, or a refusal of the closed set; anything else is an error", () => {
  expect(checkReply({ ok: true, last: 3 }, checkWatching, "watch")).toEqual({ ok: true, last: 3 });
  expect(checkReply({ ok: false, refusal: "too-many" }, checkWatching, "watch")).toEqual({
    ok: false,
    refusal: "too-many",
  });
  expect(() => checkReply({ ok: true }, checkWatching, "watch")).toThrow("watch.last");
  for (const junk of [undefined, null, 3, {}, { ok: false, refusal: "no" }, { ok: "yes" }])
    expect(() => checkReply(junk, checkWatching, "watch")).toThrow(
      "watch: expected an answer of the protocol",
    );
});

test("a body's id follows from the names and hashes of its sections, in their order", () => {
  const [theta, phi] = [
    { name: "theta", sha256: "ab".repeat(32) as Sha256 },
    { name: "phi", sha256: "cd".repeat(32) as Sha256 },
  ] as const;
  const text = `theta ${"ab".repeat(32)}\nphi ${"cd".repeat(32)}\n`;
  expect(bodyId([theta, phi])).toBe(createHash("sha256").update(text).digest("hex"));
  expect(bodyId([phi, theta])).not.toBe(bodyId([theta, phi]));
  expect(bodyId([theta])).not.toBe(bodyId([theta, phi]));
});

test("[P5] the id is the secret's hash: other secrets, other ids; the secret is not in it", () => {
  const secret = hex(64);
  expect(volunteerOf(secret)).toMatch(/^[0-9a-f]{32}$/);
  expect(volunteerOf(secret)).not.toBe(volunteerOf(secret.replace("0", "1")));
  expect(secret).not.toContain(volunteerOf(secret));
});

test("[P7] an upload's id follows from run, round, volunteer and hash", () => {
  const ids = { run: hex(64), volunteer: volunteerOf(hex(64)), delta: hex(64) };
  const id = uploadOf(ids.run as never, 1, ids.volunteer, ids.delta as never);
  expect(uploadOf(ids.run as never, 1, ids.volunteer, ids.delta as never)).toBe(id);
  expect(uploadOf(ids.run as never, 2, ids.volunteer, ids.delta as never)).not.toBe(id);
});

test("a refusal is a word of the closed set, each with a sentence", () => {
  for (const [word, sentence] of Object.entries(refusalSentences)) {
    expect(isRefusal(word)).toBe(true);
    expect(sentence).toMatch(/^[A-Z].*\.$/);
  }
  for (const word of ["toString", "no", 3, undefined]) expect(isRefusal(word)).toBe(false);
});
