import type { Millis, RunId, SourceId, VolunteerId } from "@homebody/base";
import { abilities } from "@homebody/dept";
import { expect, test } from "vitest";
import { manifest } from "../../dept/test/manifests.ts";
import { type Applicant, admit } from "./admission.ts";
import { evolve } from "./evolve.ts";

const run = manifest({ sources: ["es", "ja"] });
const ana = "a".repeat(32) as VolunteerId;
const bo = "b".repeat(32) as VolunteerId;
const at = 1 as Millis;

function state() {
  const parameters = { theta: 1, phi: {}, psi: 1 };
  const created = { kind: "created", schema: 1, homebody: "0.2.0", manifest: run, parameters } as const;
  return evolve(undefined, { seq: 1, at, fact: { ...created, sections: [] } });
}

const applicant: Applicant = {
  run: run.run,
  source: "es" as SourceId,
  can: abilities,
  volunteer: ana,
  connectionOf: undefined,
  before: undefined,
};
const refusal = (change: Partial<Applicant>, of = state()) => {
  const admission = admit(of, { ...applicant, ...change });
  return admission.ok ? "ok" : admission.refusal;
};

test("[C23] whoever is of this run, of one of its sources and can do what it needs is admitted", () => {
  expect(admit(state(), applicant)).toEqual({ ok: true, source: run.sources[0], leaves: false });
  expect(refusal({ run: "0".repeat(64) as RunId })).toBe("wrong-run");
  expect(refusal({ source: "nl" as SourceId })).toBe("unknown-source");
  for (const kind of ["codecs", "sections", "vocabularies", "optimisers"] as const) {
    expect(refusal({ can: { ...abilities, [kind]: ["something-else"] } }), kind).toBe("cannot-take-part");
    expect(refusal({ can: { ...abilities, [kind]: [...abilities[kind], "more"] } }), kind).toBe("ok");
  }
});

test("[C17] [C23] whoever the host has removed is not admitted, and others are", () => {
  const removed = evolve(state(), { seq: 2, at, fact: { kind: "removed", volunteer: ana } });
  expect([refusal({}, removed), refusal({ volunteer: bo }, removed)]).toEqual(["removed", "ok"]);
});

test("[C23] a connection is one volunteer's; who comes back with another source has left the first", () => {
  expect(refusal({ connectionOf: bo })).toBe("malformed");
  expect(admit(state(), { ...applicant, connectionOf: ana, before: "es" as SourceId })).toMatchObject({
    ok: true,
    leaves: false,
  });
  expect(admit(state(), { ...applicant, before: "ja" as SourceId })).toMatchObject({
    ok: true,
    leaves: true,
  });
});
