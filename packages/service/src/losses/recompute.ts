// Bodies computed again from what the journal says of their rounds, by the production's own averaging: to find out whether a
// coordinator published what follows from its deltas, and to get back one that a disk has lost. Where an input is gone, so is
// the answer.

import { decodeSafetensors, float32Tensors, type RunId, type Sha256 } from "@homebody/base";
import type { Clock } from "@homebody/clock";
import { type Aggregation, aggregationOf, evolve, type Fact, type RunState } from "@homebody/coordinator";
import { exchangeOf, isGiven } from "@homebody/dept";
import type { RunManifest, SectionFile } from "@homebody/protocol";
import { type MemoryBlobs, memoryBlobs } from "@homebody/store/memory";
import type { Blobs, Journal } from "@homebody/store/ports";
import { average } from "../closing/averaging.ts";
import { putFirst } from "../closing/section-files.ts";
import { deviceExchanges } from "../exchanges.ts";
import { isWhole, looked } from "../existing.ts";
import { pagesOf } from "../run/open-run.ts";

export interface RecomputeInputs {
  readonly journal: Pick<Journal, "read">;
  readonly blobs: Pick<Blobs, "get" | "size">;
  readonly clock: Clock;
}

type Published = Extract<Fact, { kind: "published" }>;

/** A round as its body was made of it. */
export interface Step {
  readonly work: Aggregation;
  readonly manifest: RunManifest;
  readonly published: Published;
  /** The journal's entry of its body. */
  readonly seq: number;
}

/** The rounds of a journal whose bodies were published, in order. */
export async function* stepsOf(journal: Pick<Journal, "read">, run: RunId): AsyncGenerator<Step> {
  let state: RunState | undefined;
  for await (const entries of pagesOf(journal, run))
    for (const entry of entries) {
      const { seq, fact } = entry;
      const work = state && aggregationOf(state);
      if (fact.kind === "published" && work !== undefined)
        yield { work, manifest: state!.manifest, published: fact, seq };
      state = evolve(state, entry);
    }
}

/** What is computed again is held in memory, until the step after it was computed. */
export interface Recomputer {
  /** Whether the body is what follows from its round; null where what it is made of is not kept. */
  step(step: Step): Promise<boolean | null>;
  /** Bytes of a blob: as it is kept, or else of the last step. */
  get(hash: Sha256): Promise<Uint8Array | undefined>;
  /** The first body, where it is not kept: what follows from the seed. */
  begin(manifest: RunManifest): Promise<void>;
}

export function recomputer({ blobs, clock }: RecomputeInputs): Recomputer {
  let made = memoryBlobs();
  const get = async (hash: Sha256) => (await made.get(hash)) ?? (await blobs.get(hash));
  const size = async (hash: Sha256) => (await made.size(hash)) ?? (await blobs.size(hash));

  async function isKept({ work }: Step): Promise<boolean> {
    const files = [...work.sections, ...work.outer].map(({ sha256 }) => sha256);
    const deltas = work.deltas.flatMap(({ delta, rows }) => (rows === null ? [delta] : [delta, rows]));
    for (const hash of [...deltas, ...files]) {
      if ((await size(hash)) === undefined || !(await isWhole(hash, { get }))) return false;
    }
    return true;
  }

  return {
    get,
    async begin(manifest) {
      const ofSeed = exchangeOf(manifest).sections.filter((section) => !isGiven(manifest, section));
      await putFirst(manifest, ofSeed, made);
    },
    async step(step) {
      if (!(await isKept(step))) return null;
      const { work, manifest, published } = step;
      const next = memoryBlobs();
      const over: Blobs = { ...next, get, size };
      const exchangeOfDevice = deviceExchanges(() => manifest, over);
      const result = await average(work, {
        manifest,
        blobs: over,
        faults: () => {},
        exchangeOfDevice,
        clock,
      });
      const isSame =
        sameFiles(result.sections, published.sections) &&
        sameFiles(result.steps ?? [], published.steps ?? []) &&
        (await sameOuter(result.outer, published.outer, next, blobs));
      // A section that nobody exchanged is the same file as before.
      for (const { sha256 } of [...published.sections, ...published.outer]) {
        const before = (await next.size(sha256)) === undefined ? await made.get(sha256) : undefined;
        if (before !== undefined) next.adopt(before, sha256);
      }
      made = next;
      return isSame;
    },
  };
}

function sameFiles(a: readonly SectionFile[], b: readonly SectionFile[]): boolean {
  return a.length === b.length && a.every(({ sha256 }, i) => sha256 === b[i]!.sha256);
}

/**
 * Whether what optimisers keep is the same: version 0.1 wrote the same numbers in another form. Where that is not there any
 * more, the bodies after it tell.
 */
async function sameOuter(
  made: readonly SectionFile[],
  published: readonly SectionFile[],
  next: MemoryBlobs,
  blobs: Pick<Blobs, "get">,
): Promise<boolean> {
  if (made.length !== published.length) return false;
  for (const [i, { sha256 }] of published.entries()) {
    if (made[i]!.sha256 === sha256) continue;
    const bytes = (await next.get(made[i]!.sha256))!;
    const kept = await looked(sha256, blobs);
    if (typeof kept !== "string" && !sameNumbers(kept, bytes)) return false;
    next.adopt(bytes, sha256); // the next round asks for it by this name
  }
  return true;
}

function sameNumbers(a: Uint8Array, b: Uint8Array): boolean {
  const [one, other] = [a, b].map((bytes) => float32Tensors(decodeSafetensors(bytes)).data);
  return one!.length === other!.length && one!.every((x, i) => Object.is(x, other![i]));
}

/**
 * Makes the blobs of the run's body, and what its outer optimisers keep, again, from the last body before it of which all is
 * there. Whether they are as they were, and durable.
 */
export async function recomputeBody(
  { body, outer, manifest }: Pick<RunState, "body" | "outer" | "manifest">,
  { journal, blobs, clock }: RecomputeInputs & { readonly blobs: Blobs },
): Promise<boolean> {
  const isThere = async (files: readonly SectionFile[]) => {
    for (const { sha256 } of files) if (!(await isWhole(sha256, blobs))) return false;
    return true;
  };
  let steps: Step[] = [];
  for await (const step of stepsOf(journal, manifest.run)) {
    const { round, sections, outer } = step.published;
    const isWhole = round < body.number && (await isThere([...sections, ...outer]));
    if (isWhole) steps = [];
    else steps.push(step);
  }
  const again = recomputer({ journal, blobs, clock });
  if (steps.length === body.number) await again.begin(steps[0]?.manifest ?? manifest);
  for (const step of steps) if ((await again.step(step)) !== true) return false;
  for (const { sha256 } of [...body.sections, ...outer]) {
    const bytes = await again.get(sha256).catch(() => undefined);
    if (bytes === undefined || (await blobs.put(bytes)) !== sha256) return false;
  }
  return true;
}
