import type { Millis, RunId, Sha256, SourceId, VolunteerId } from "@homebody/base";
import { abilities } from "@homebody/dept";
import { expect, test } from "vitest";
import { manifest } from "../../dept/test/manifests.ts";
import { cy, type Scene, scene } from "../test/scene.ts";
import { type Arrival, admit } from "./admission.ts";
import { evolve } from "./evolve.ts";
import { figuresOf } from "./figures-fold.ts";

const run = manifest({ sources: ["es", "ja"] });
const ana = "a".repeat(32) as VolunteerId;
const bo = "b".repeat(32) as VolunteerId;
const at = 1 as Millis;

function state() {
  const parameters = { theta: 1, phi: {}, psi: 1 };
  const created = { kind: "created", schema: 1, homebody: "0.2.0", manifest: run, parameters } as const;
  return evolve(undefined, { seq: 1, at, fact: { ...created, sections: [] } });
}

const arrival: Arrival = {
  run: run.run,
  source: "es" as SourceId,
  can: abilities,
  volunteer: ana,
  connectionOf: undefined,
  before: undefined,
  code: null,
};
const refusal = (change: Partial<Arrival>, of = state()) => {
  const admission = admit(of, { ...arrival, ...change });
  return admission.ok ? "ok" : admission.refusal;
};

test("[C23] whoever is of this run, of one of its sources and can do what it needs is admitted", () => {
  expect(admit(state(), arrival)).toEqual({ ok: true, source: run.sources[0], isNew: false, leaves: false });
  expect(refusal({ run: "0".repeat(64) as RunId })).toBe("wrong-run");
  expect(refusal({ source: "nl" as SourceId })).toBe("unknown-source");
  for (const kind of ["codecs", "sections", "vocabularies", "optimisers", "rounds"] as const) {
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
  expect(admit(state(), { ...arrival, connectionOf: ana, before: "es" as SourceId })).toMatchObject({
    ok: true,
    leaves: false,
  });
  expect(admit(state(), { ...arrival, before: "ja" as SourceId })).toMatchObject({
    ok: true,
    leaves: true,
  });
});

const [es, ja] = ["es", "ja"] as SourceId[] as [SourceId, SourceId];
const [codeA, codeB] = ["1".repeat(64), "2".repeat(64)] as Sha256[] as [Sha256, Sha256];

const invite = (run: Scene, codes: readonly (readonly [Sha256, number])[], source = es) =>
  run.do({
    kind: "admin",
    act: { kind: "invite", source, codes: codes.map(([sha256, uses]) => ({ sha256, uses })) },
  });
const approve = (run: Scene, volunteer: VolunteerId, source = es) =>
  run.do({ kind: "admin", act: { kind: "approve", volunteer, source } });
const remove = (run: Scene, volunteer: VolunteerId) =>
  run.do({ kind: "admin", act: { kind: "remove", volunteer } });

/** As a hello is treated: asked, then done. */
function hello(run: Scene, volunteer: VolunteerId, code: Sha256 | null = null, source = es): string {
  const { manifest } = run.state;
  const admission = admit(run.state, { ...arrival, run: manifest.run, volunteer, code, source });
  const { entries } = run;
  const facts = entries.length;
  const decision = run.do({ kind: "admit", volunteer, source, code });
  expect(decision.ok).toBe(admission.ok);
  if (!admission.ok) {
    expect(decision).toEqual({ ok: false, refusal: admission.refusal });
    expect(entries).toHaveLength(facts); // [C2]
    return admission.refusal;
  }
  expect(run.kinds(facts)).toEqual(admission.isNew ? ["admitted"] : []);
  return admission.isNew ? "let in" : "ok";
}

test("[C50] nothing is asked of whoever comes to an open source, and no fact says that it came", () => {
  const run = scene();
  expect([hello(run, ana), hello(run, ana, codeA), hello(run, bo, null, ja)]).toEqual(["ok", "ok", "ok"]);
  expect(approve(run, ana)).toEqual({ ok: true, facts: [] });
});

test("[C50] [C51] a code lets in as many as it has uses, each once, and who was let in needs it no more", () => {
  const run = scene({ admission: "code" });
  expect([hello(run, ana), hello(run, ana, codeA)]).toEqual(["needs-code", "code-spent"]);
  invite(run, [
    [codeA, 2],
    [codeB, 1],
  ]);
  expect([hello(run, ana, codeA), hello(run, ana, codeA), hello(run, ana)]).toEqual(["let in", "ok", "ok"]);
  expect([hello(run, bo, codeA), hello(run, cy, codeA), hello(run, cy)]).toEqual([
    "let in",
    "code-spent",
    "needs-code",
  ]);
  expect(hello(run, ana, codeB)).toBe("ok"); // a second code of one that is in is not used
  expect([...run.state.openCodes]).toEqual([[codeB, { source: es, uses: 1 }]]);
});

test("[C51] a code is for one source, and what let a volunteer into it lets it into no other", () => {
  const run = scene({ admission: "code" });
  invite(run, [[codeA, 9]]);
  expect([hello(run, ana, codeA, ja), hello(run, ana, codeA), hello(run, ana, null, ja)]).toEqual([
    "code-spent",
    "let in",
    "needs-code",
  ]);
  invite(run, [[codeB, 1]], ja);
  expect([hello(run, ana, codeB, ja), hello(run, ana)]).toEqual(["let in", "ok"]);
});

test("[C17] [C51] removing a volunteer spends its code; who else came by it stays", () => {
  const run = scene({ admission: "code" });
  invite(run, [[codeA, 5]]);
  expect([hello(run, ana, codeA), hello(run, bo, codeA)]).toEqual(["let in", "let in"]);
  remove(run, ana);
  expect([hello(run, ana, codeA), hello(run, cy, codeA), hello(run, bo)]).toEqual([
    "removed",
    "code-spent",
    "ok",
  ]);
  expect(run.state.openCodes.size).toBe(0);
});

test("[C51] the host invites to sources that ask for a code; a code that is known is left as it is", () => {
  const run = scene({ admission: "code" });
  expect(invite(run, [[codeA, 1]], "nl" as SourceId)).toEqual({ ok: false, refusal: "unknown-source" });
  expect(invite(scene(), [[codeA, 1]])).toEqual({ ok: false, refusal: "not-by-code" });
  expect(invite(scene({ admission: "approval" }), [[codeA, 1]])).toEqual({
    ok: false,
    refusal: "not-by-code",
  });
  invite(run, [[codeA, 2]]);
  hello(run, ana, codeA);
  expect(invite(run, [[codeA, 2]])).toEqual({ ok: true, facts: [] });
  invite(run, [
    [codeA, 2],
    [codeB, 3],
    [codeB, 4],
  ]);
  expect([...run.state.openCodes.values()].map(({ uses }) => uses)).toEqual([1, 4]);
});

test("[C52] where the host approves, it waits for that; also who was approved before it came", () => {
  const run = scene({ admission: "approval" });
  expect([hello(run, ana), hello(run, ana, codeA)]).toEqual(["not-approved", "not-approved"]);
  expect(approve(run, ana)).toMatchObject({ facts: [{ kind: "admitted", code: null }] });
  expect([hello(run, ana), hello(run, ana, null, ja), hello(run, bo)]).toEqual([
    "ok",
    "not-approved",
    "not-approved",
  ]);
  expect(approve(run, ana)).toEqual({ ok: true, facts: [] });
  remove(run, bo);
  expect(approve(run, bo)).toEqual({ ok: false, refusal: "removed" });
  expect(approve(run, cy, "nl" as SourceId)).toEqual({ ok: false, refusal: "unknown-source" });
});

test("[C50] [C15] in a finished run nothing is asked any more, and nothing written", () => {
  const run = scene({ admission: "code" });
  run.do({ kind: "admin", act: { kind: "end-run" } });
  run.tickAll();
  expect(run.state.phase.kind).toBe("finished");
  expect(hello(run, ana)).toBe("ok");
});

test("[C50] figures count whom codes invite and who was let in, by source", () => {
  const run = scene({ admission: "code" });
  invite(run, [
    [codeA, 2],
    [codeB, 3],
  ]);
  hello(run, ana, codeA);
  expect(figuresOf(run.entries)!.admissions).toEqual({ es: { invited: 5, admitted: 1 } });
});
