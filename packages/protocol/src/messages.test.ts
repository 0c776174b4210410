import { InputError } from "@homebody/base";
import fc from "fast-check";
import { expect, test } from "vitest";
import {
  checkAdmin,
  checkChunk,
  checkCommit,
  checkEvaluation,
  checkHello,
  checkOpenUpload,
  checkProgress,
  checkReady,
  checkWatch,
  events,
  isRefusal,
  refusalWords,
  uploadOf,
  volunteerOf,
} from "./index.ts";

const hex = (digits: number) => "0123456789abcdef".repeat(4).slice(0, digits);
const valid = {
  hello: {
    protocol: 1,
    run: hex(64),
    secret: hex(64),
    source: "es",
    device: { backend: "wasm", host: "node" },
  },
  ready: { ready: true },
  progress: { round: 1, stage: "train", step: 3, of: 10, loss: 2.5, tokensPerSecond: null },
  open: { round: 1, delta: hex(64), sizeBytes: 10, steps: 1, tokens: 32, loss: 2 },
  chunk: { upload: hex(32), offset: 0, bytes: new Uint8Array(3) },
  commit: { upload: hex(32) },
  evaluation: { body: 0, sha256: hex(64), nats: 1, tokens: 1, bytes: 1 },
  watch: { after: 0 },
  admin: { token: "t", act: { kind: "remove", volunteer: hex(32) } },
};
const checks = {
  hello: checkHello,
  ready: checkReady,
  progress: checkProgress,
  open: checkOpenUpload,
  chunk: checkChunk,
  commit: checkCommit,
  evaluation: checkEvaluation,
  watch: checkWatch,
  admin: checkAdmin,
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

test("[P3] no message has room for text: another field is refused, and every string is of a closed form", () => {
  for (const kind of kinds) {
    expect(() => checks[kind]({ ...valid[kind], note: "the quick brown fox" })).toThrow(InputError);
    if (kind === "admin") continue; // of the host; its token is compared and not kept
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

test("an error says which field, what was expected and what came", () => {
  expect(() => checkOpenUpload({ ...valid.open, delta: "x" })).toThrow(
    'open.delta: expected 64 hex digits, got "x"',
  );
  expect(() => checkOpenUpload({ ...valid.open, loss: Number.NaN })).toThrow(InputError);
  expect(() => checkOpenUpload({ ...valid.open, steps: 0 })).toThrow(InputError);
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
  for (const [word, sentence] of Object.entries(refusalWords)) {
    expect(isRefusal(word)).toBe(true);
    expect(sentence).toMatch(/^[A-Z].*\.$/);
  }
  for (const word of ["toString", "no", 3, undefined]) expect(isRefusal(word)).toBe(false);
});
