// The host, who acts at random times: over a line of its own, or by adding a source to the run while its coordinator is gone.

import { type Random, random, type VolunteerId } from "@homebody/base";
import { decide, mayJoin, undoable } from "@homebody/coordinator";
import { exchangeOf, parameterCounts } from "@homebody/dept";
import { type AdminAct, type Applicants, events, type ManifestSource } from "@homebody/protocol";
import { putFirst, resumeRun } from "@homebody/service";
import type { Texts } from "../../src/index.ts";
import { exponentialMs, type Script } from "./script.ts";
import type { Stage } from "./stage.ts";

export interface HostInputs {
  readonly script: Script;
  readonly texts: readonly Texts[];
  readonly isOver: () => boolean;
}

const pauseMs = 20_000;
const againMs = 2000;
const doorMs = 6000;
const kinds = [
  "pause",
  "pause",
  "pause",
  "end-round",
  "end-round",
  "remove",
  "source",
  "source",
  "end-run",
] as const;

/** Acts until it is over, which nobody waits for; returns how many acts there were by now. */
export function hostOf(stage: Stage, { script, texts, isOver }: HostInputs): () => number {
  const { host, watch, members } = stage;
  const { clock } = host;
  const dice = random(`host of ${script.seed}`);
  const line = host.net("host").connect({ up: () => {}, down: () => {}, event: () => {}, passed: () => {} });
  const undoing = random(`undoing of ${script.seed}`);
  let acts = 0;

  /** Until it was carried out, or can never be. */
  async function act(one: AdminAct): Promise<void> {
    for (; !isOver(); await clock.sleep(againMs)) {
      const reply = await line
        .ask(events.admin, { token: script.token, act: one })
        .catch(() => ({ ok: false, refusal: "trouble" }));
      const { ok, refusal } = reply as { readonly ok: boolean; readonly refusal?: string };
      if (ok) acts += 1;
      if (ok || isFinal(refusal)) return;
    }
  }

  /** [C52] Whoever waits is let in, sooner or later. */
  async function letIn(): Promise<void> {
    for (; !isOver(); await clock.sleep(exponentialMs(doorMs, dice))) {
      const reply = (await line
        .ask(events.applicants, { token: script.token })
        .catch(() => ({}))) as Partial<Applicants>;
      for (const { volunteer, source } of reply.applicants ?? [])
        await act({ kind: "approve", volunteer, source });
    }
  }

  async function drawn(): Promise<void> {
    const kind = kinds[dice.below(kinds.length)]!;
    if (kind === "source") return addSource();
    if (kind === "remove") return act({ kind, volunteer: oneOf(members, dice) });
    await act({ kind });
    if (kind !== "pause") return;
    await clock.sleep(exponentialMs(pauseMs, dice));
    await act({ kind: "resume" });
  }

  /** [C21] As a host does it: the coordinator is stopped, and goes on with the source. */
  async function addSource(): Promise<void> {
    const { id } = script.newcomer;
    if (watch.known.sources.has(id) || stage.wellSince() === null) return;
    const joined = new Promise<boolean>((resolve) => {
      stage.kill(async () => resolve(await joinSource(stage, script.newcomer)));
    });
    if (!(await joined)) return;
    acts += 1;
    const manifest = () => host.service().state().manifest;
    while (!manifest().sources.some((source) => source.id === id)) {
      if (isOver()) return;
      await clock.sleep(againMs);
    }
    stage.join({ manifest: manifest(), source: id, text: texts[0]!.get(id)! });
  }

  async function go(): Promise<void> {
    while (!isOver()) {
      await clock.sleep(exponentialMs(script.actMs, dice));
      if (!isOver()) await drawn();
    }
  }

  /** [C28] To any of the bodies that are kept, whole or without some of its deltas; or lets a run go on that holds itself. */
  async function undo(): Promise<void> {
    if (stage.wellSince() === null) return;
    const figures = host.service().figures();
    const bodies = undoable(figures);
    if (bodies.length > 0) {
      const { body, volunteers } = bodies[undoing.below(bodies.length)]!;
      await act({ kind: "undo", to: body, without: volunteers.filter(() => undoing.uniform() < 0.5) });
    } else if (figures.held !== null) await act({ kind: "resume" });
  }

  async function undoes(): Promise<void> {
    while (!isOver()) {
      await clock.sleep(exponentialMs(script.undoMs, undoing));
      if (!isOver()) await undo();
    }
  }

  if (script.manifest.sources.some(({ admission }) => admission !== "open")) void watch.lookAt(letIn);
  if (script.actMs < Number.POSITIVE_INFINITY) void watch.lookAt(go);
  if (script.undoMs < Number.POSITIVE_INFINITY) void watch.lookAt(undoes);
  return () => acts;
}

/** The fact that adds it, with what it names; false where no further round opens. */
async function joinSource({ watch: { disk, known }, host: { clock } }: Stage, source: ManifestSource) {
  const { run } = known.manifest;
  const fold = await resumeRun({ journal: disk.journal }, run);
  if (fold === undefined || mayJoin(fold.state) !== undefined) return false;
  const manifest = { ...fold.state.manifest, sources: [source] };
  const own = exchangeOf(manifest).sections.filter((section) => section.source !== null);
  const sections = await putFirst(manifest, own, disk.blobs);
  const phi = parameterCounts(manifest).phi[source.id]!;
  const decision = decide(fold.state, { kind: "add-source", source, phi, sections }, clock.now());
  if (!decision.ok) throw new Error(`source ${source.id}: expected it to join, got ${decision.refusal}`);
  await disk.journal.append(run, fold.figures.seq, clock.now(), decision.facts);
  return true;
}

/** Asked again, it would be refused again. */
const isFinal = (refusal: string | undefined) =>
  ["finished", "wrong-round", "closing", "not-kept", "removed"].includes(refusal ?? "");

const oneOf = (members: Stage["members"], dice: Random): VolunteerId =>
  members[dice.below(members.length)]!.volunteer;
