// Sources that join a live run [C21], in the state and in the figures of the same journal.

import { bodyId, schemaVersion } from "@homebody/protocol";
import { expect, test } from "vitest";
import {
  adding,
  ana,
  at,
  bo,
  bodyOf,
  cy,
  di,
  es,
  fr,
  hashOf,
  ja,
  manifest,
  type Scene,
  scene,
  section,
  wordsOf,
} from "../test/scene.ts";
import { announcementFor, decide, figuresOf, foldFigures, mayJoin, nextTimer, replay } from "./index.ts";

const refused = { ok: false, refusal: "finished" };

function training(options: Parameters<typeof scene>[0] = {}): Scene {
  const run = scene(options);
  run.join(ana);
  run.join(bo, ja);
  expect(run.state.phase.kind).toBe("training");
  return run;
}

const sources = ({ state }: Scene) => state.manifest.sources.map(({ id }) => id);
const names = ({ state }: Scene) => state.body.sections.map(({ name }) => name);

/** What the figures of a journal say of sources and the body agrees with the state that it leads to. */
function agreeing(run: Scene) {
  const figures = figuresOf(run.entries)!;
  expect(figures.manifest).toEqual(run.state.manifest);
  expect(figures.sources.map(({ id }) => id)).toEqual(sources(run));
  expect(figures.bodies.at(-1)).toMatchObject(run.state.body);
  expect(figures.joining).toEqual(run.state.joining);
  expect(replay(run.entries)).toEqual(run.state);
  return figures;
}

test("[C21] a source whose words stay on devices takes part at once, and the open round goes on as it was", () => {
  const run = training();
  const before = structuredClone(run.state);
  const facts = run.entries.length;
  expect(run.do(adding(fr))).toMatchObject({ ok: true });
  expect(run.entries[facts]!.fact).toMatchObject({
    kind: "source-added",
    schema: schemaVersion,
    source: { id: "fr" },
    phi: 400,
  });
  expect(run.state).toEqual({
    ...before,
    manifest: { ...before.manifest, sources: [...before.manifest.sources, adding(fr).source] },
  });
  expect(agreeing(run).sources.at(-1)).toMatchObject({ id: "fr", sinceBody: 0 });
  run.join(cy, fr);
  expect(run.deliver(cy)).toEqual({ ok: false, refusal: "not-assigned" });
  run.deliver(ana);
  run.deliver(bo);
  run.publish();
  expect(run.state.phase).toMatchObject({ kind: "training", round: 2, pending: new Set([ana, bo, cy]) });
});

test("[C21] where its words become sections of the body, the open round and its averaging keep the body that they have", () => {
  const run = training();
  const { body } = run.state;
  run.do(adding(fr, "source"));
  expect([sources(run), run.state.body]).toEqual([["es", "ja"], body]);
  expect(agreeing(run).joining.map(({ source }) => source.id)).toEqual(["fr"]);
  run.do({ kind: "restart", aliveAt: at(run.now) });
  expect(announcementFor(run.state, ana, run.ready, at(run.now)).body).toEqual(body);
  run.deliver(ana);
  run.deliver(bo);
  expect([run.state.phase.kind, sources(run), run.state.body]).toEqual(["closing", ["es", "ja"], body]);
  run.do(adding("nl" as typeof fr, "source"));
  expect([sources(run), run.state.body]).toEqual([["es", "ja"], body]);
  run.ready.clear();
  run.publish();
  expect([sources(run), run.state.joining]).toEqual([["es", "ja", "fr", "nl"], []]);
  const sections = [section("body 1"), wordsOf("fr"), wordsOf("nl")];
  expect(run.state.body).toEqual({ number: 1, id: bodyId(sections), sections });
  const since = { sinceBody: 1 };
  expect(agreeing(run).sources.slice(2)).toMatchObject([
    { id: "fr", ...since },
    { id: "nl", ...since },
  ]);
});

test("[C21] after a lapse the same round opens again with the words of who waited", () => {
  const run = training();
  run.do(adding(fr, "source"));
  run.now = nextTimer(run.state, at(run.now))!;
  run.tickAll();
  expect(run.kinds(run.entries.length - 2)).toEqual(["lapsed", "opened"]);
  expect(run.state.phase).toMatchObject({ kind: "training", round: 1 });
  expect(run.state.body).toMatchObject({ number: 0, sections: [section("body 0"), wordsOf("fr")] });
  expect(agreeing(run).sources.at(-1)).toMatchObject({ id: "fr", sinceBody: 0 });
});

test("[C21] [C42] one that waits takes part when its run has ended meanwhile and is reopened", () => {
  const run = training();
  run.do(adding(fr, "source"));
  run.do({ kind: "admin", act: { kind: "end-run" } });
  run.tickAll();
  expect([run.state.phase.kind, sources(run)]).toEqual(["evaluating", ["es", "ja"]]);
  run.ready.clear();
  const { manifest } = run.state;
  run.do({ kind: "change", manifest: { ...manifest, rounds: manifest.rounds + 1 } });
  expect(run.kinds().at(-1)).toBe("reopened");
  expect(sources(run)).toEqual(["es", "ja", "fr"]);
  expect(agreeing(run).sources.at(-1)).toMatchObject({ id: "fr", sinceBody: 0 });
});

test("[C21] while the run gathers it joins at once; whoever evaluated the body need not do it again", () => {
  const run = scene();
  run.join(ana);
  run.join(bo);
  const evaluation = { kind: "evaluate", source: es, body: 0, nats: 70, tokens: 30, bytes: 50 } as const;
  run.ready.clear();
  run.do({ kind: "admin", act: { kind: "end-round" } });
  run.do({ ...evaluation, volunteer: ana, id: bodyOf("body 0") });
  run.do(adding(fr, "source"));
  expect(names(run)).toEqual(["theta", "phi/fr"]);
  const { id } = run.state.body;
  expect(run.do({ ...evaluation, volunteer: ana, id })).toEqual({ ok: true, facts: [] });
  expect(run.do({ ...evaluation, volunteer: bo, id: bodyOf("body 0") })).toEqual({
    ok: false,
    refusal: "wrong-body",
  });
  run.do({ ...evaluation, volunteer: bo, id });
  expect(agreeing(run).scores.es).toMatchObject([{ body: 0, volunteers: 2, bytes: 100 }]);
});

test("[C21] one that joins at once does not take along one that waits", () => {
  const run = training();
  const { body } = run.state;
  run.do(adding(fr, "source"));
  run.do(adding("nl" as typeof fr));
  expect([sources(run), run.state.body]).toEqual([["es", "ja", "nl"], body]);
  agreeing(run);
  run.deliver(ana);
  run.deliver(bo);
  run.publish();
  expect(sources(run)).toEqual(["es", "ja", "nl", "fr"]);
  agreeing(run);
});

test("[C21] sections stand group by group, sources as they joined", () => {
  const run = scene();
  const positions = { name: "psi/fr", sha256: hashOf("psi fr"), sizeBytes: 5 } as const;
  run.do({ ...adding(fr, "source"), sections: [wordsOf("fr"), positions] });
  run.do(adding("nl" as typeof fr, "source"));
  expect(names(run)).toEqual(["theta", "phi/fr", "phi/nl", "psi/fr"]);
});

test("[C21] a source that is there, or waits, is no fact; where no further round opens it is refused", () => {
  const run = training({ rounds: 1 });
  run.do(adding(fr, "source"));
  const facts = run.entries.length;
  for (const id of [es, fr]) expect(run.do(adding(id))).toEqual({ ok: true, facts: [] });
  expect(run.entries.length).toBe(facts);
  expect(mayJoin(run.state)).toBeUndefined();
  run.deliver(ana);
  run.deliver(bo);
  run.publish();
  expect(run.state.phase.kind).toBe("evaluating");
  expect([run.do(adding("nl" as typeof fr)), mayJoin(run.state)]).toEqual([refused, "finished"]);
  run.now = nextTimer(run.state, at(run.now))!;
  run.tickAll();
  expect([run.state.phase.kind, run.do(adding("nl" as typeof fr))]).toEqual(["finished", refused]);
  const ending = training();
  ending.do({ kind: "admin", act: { kind: "end-run" } });
  expect(decide(ending.state, adding(fr), at(ending.now))).toEqual(refused);
});

test("[C12] [C21] a source that is added while the coordinator is down does not cost the round its time", () => {
  const run = training();
  const aliveAt = at(run.now + 10_000);
  const left = nextTimer(run.state, at(run.now))! - aliveAt;
  run.now += 3_600_000;
  run.do(adding(fr));
  run.now += 3_600_000;
  run.do({ kind: "restart", aliveAt });
  expect(nextTimer(run.state, at(run.now))).toBe(run.now + left);
  // Also where it is not known when the coordinator was last alive but by its facts.
  const other = training();
  const deadline = nextTimer(other.state, at(other.now))! - other.now;
  other.now += 3_600_000;
  other.do(adding(fr));
  other.do({ kind: "restart", aliveAt: other.state.lastAt });
  expect(nextTimer(other.state, at(other.now))).toBe(other.now + deadline);
});

test("[C19] [C21] what the host changes afterwards leaves the sources that joined or wait", () => {
  const run = training();
  run.do(adding(fr));
  run.do(adding("nl" as typeof fr, "source"));
  const { sources: now } = run.state.manifest;
  expect(run.do({ kind: "change", manifest: manifest({ rounds: 7 }) })).toEqual({
    ok: false,
    refusal: "wrong-run",
  });
  run.do({ kind: "change", manifest: { ...manifest({ rounds: 7 }), sources: now } });
  expect([run.state.manifest.rounds, sources(run)]).toEqual([7, ["es", "ja", "fr"]]);
  expect(run.state.joining.map(({ source }) => source.id)).toEqual(["nl"]);
  agreeing(run);
});

test("figures: what travels and what the whole model would cost follow the sources", () => {
  const run = scene();
  const first = figuresOf(run.entries)!;
  expect(first.sources.map(({ sinceBody }) => sinceBody)).toEqual([null, null]);
  run.do(adding(fr));
  expect(figuresOf(run.entries)).toMatchObject({ travelling: first.travelling });
  run.do(adding("nl" as typeof fr, "source"));
  const figures = agreeing(run);
  const fold = foldFigures(run.entries);
  // 300 rows of a llama of depth 1, tied: its width is 64.
  expect(figures.travelling - first.travelling).toBe(300 * 64);
  expect(figures.parameters.phi).toEqual({ es: 200, ja: 300, fr: 400, nl: 400 });
  run.join(cy, fr);
  run.join(di, "nl" as typeof fr);
  run.deliver(cy);
  // 10 steps of theta (1,000) and fr's phi, four bytes each.
  expect(figuresOf(run.entries)!.traffic.wouldHaveSentBytes).toBe(10 * 4 * (1000 + 400));
  fold.follow(run.entries.slice(fold.seq));
  expect(fold.now()).toEqual(figuresOf(run.entries));
});
