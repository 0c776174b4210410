// Each published body, computed again from the deltas that the journal says were averaged: a coordinator that averaged
// nothing, or something else, is found out. Means and outer steps are written out here in plain float64, and share no code
// with the production's. For vitest and Playwright, so it asserts by neither's expect.

import assert from "node:assert/strict";
import { decodeSafetensors, float32Tensors, type Sha256 } from "@homebody/base";
import { decodeDelta } from "@homebody/codec";
import type { Entry } from "@homebody/coordinator";
import { exchangeFor, rowMapFrom, type Section } from "@homebody/dept";
import type { RunManifest } from "@homebody/protocol";

type ReadBlob = (hash: Sha256) => Promise<Uint8Array | undefined>;

/** One section of one delta. */
interface Part {
  readonly source: string;
  /** How long its delta may be with what it carries, beside what its round moves. */
  readonly carries: number;
  /** In the mean within the source. */
  readonly weight: number;
  readonly section: Section;
  /** As they count. */
  readonly numbers: Float32Array;
}

/** What is known of a section: its numbers, and what the outer optimiser keeps of it, tensor after tensor. */
interface Known {
  readonly file: Sha256;
  readonly numbers: Float32Array;
  readonly kept: Float32Array;
}

type Body = ReadonlyMap<string, Known>;

/** What a body is made of: the one before it, and deltas of a round. */
interface Work {
  readonly from: Body;
  readonly round: number;
  readonly averaged: readonly string[];
}

/**
 * Asserts that each body that is still kept is the one before it after an outer step by the mean of its round's deltas,
 * within float32's rounding, in every section: the mean is taken within a source and then over sources, each row over
 * those who hold it. Where the step travels in a few bits, that is the body with what these left out. Rows that nobody holds are the same bit for bit, and so is what the outer optimiser keeps of them; a
 * section of which nobody sent anything is the same file. Each round has so many deltas, or any number, of different volunteers.
 *
 * @returns the rounds whose bodies were compared.
 */
export async function assertMeans(
  entries: readonly Entry[],
  deltas: number | "any",
  blob: ReadBlob,
): Promise<readonly number[]> {
  const facts = entries.map(({ fact }) => fact);
  const first = facts[0]!;
  assert.equal(first.kind, "created");
  if (first.kind !== "created") return [];
  let { manifest } = first;
  const body = new Map<string, Known>();
  const begin = async (sections: typeof first.sections) => {
    for (const { name, sha256 } of sections)
      body.set(name, { file: sha256, numbers: (await tensors(sha256, blob))!, kept: new Float32Array() });
  };
  await begin(first.sections);
  const compared: number[] = [];
  const bodies = new Map<number, Body>([[0, new Map(body)]]);
  /** What each body was made of, and the round of its deltas. */
  const works = new Map<number, Work>();
  let work: Work | undefined;
  for (const fact of facts) {
    if (fact.kind === "source-added") {
      manifest = { ...manifest, sources: [...manifest.sources, fact.source] };
      await begin(fact.sections);
    }
    if (fact.kind === "closed") {
      const { round, averaged } = fact;
      work = { from: new Map(body), round, averaged };
    }
    if (fact.kind === "dropped" && work !== undefined)
      work = { ...work, averaged: work.averaged.filter((who) => who !== fact.volunteer) };
    if (fact.kind === "undone") work = undone(fact, { bodies, works });
    if (fact.kind !== "published") continue;
    const { round } = fact;
    assert.ok(work !== undefined, `round ${round}: it was closed, or somebody went back`);
    const { from, averaged } = work;
    if (deltas !== "any" && work.round === round)
      assert.equal(averaged.length, deltas, `round ${round}: deltas`);
    assert.equal(new Set(averaged).size, averaged.length, `round ${round}: of different volunteers`);
    const parts = await partsOf(manifest, facts, work, blob);
    assert.ok(
      [...parts.keys()].every((name) => fact.sections.some((section) => section.name === name)),
      `round ${round}: every section that was sent is in its body`,
    );
    for (const { name, sha256 } of fact.sections) {
      const before = from.get(name) ?? body.get(name)!;
      const own = parts.get(name);
      if (own === undefined) {
        assert.equal(sha256, before.file, `round ${round}: nobody sent ${name}, which stays`);
        body.set(name, before);
        continue;
      }
      const { mean, held } = meanOf(before.numbers.length, own);
      const exact = outerStep(manifest.outer, before, mean, held);
      assert.ok(!same(exact.numbers, before.numbers), `round ${round}: its deltas change ${name}`);
      const published = await tensors(sha256, blob);
      const file = fact.outer.find((one) => one.name === name);
      const kept = file && (await tensors(file.sha256, blob));
      const where = `round ${round}, ${name}`;
      const next =
        manifest.down === "off" && manifest.body === "fp32"
          ? exact
          : rounded(where, manifest, { before, exact, held }, { published, kept });
      if (published !== undefined) assertNear(where, published, next.numbers, held);
      if (kept !== undefined) assertNear(`${where}, outer`, kept, next.kept, repeated(held, kept.length));
      // Rounding does not add up.
      body.set(name, { file: sha256, numbers: published ?? next.numbers, kept: kept ?? next.kept });
      if (published !== undefined && name === "theta") compared.push(round);
    }
    bodies.set(round, new Map(body));
    works.set(round, work);
  }
  return compared;
}

/** What the host asked for: a body of before as it is, or that body's work without some of its deltas. */
function undone(
  { round, to, without, averaged }: Extract<Entry["fact"], { kind: "undone" }>,
  {
    bodies,
    works,
  }: { readonly bodies: ReadonlyMap<number, Body>; readonly works: ReadonlyMap<number, Work> },
): Work {
  const again = without.length === 0 ? { from: bodies.get(to)!, round: to, averaged: [] } : works.get(to)!;
  const left = again.averaged.filter((who) => !(without as readonly string[]).includes(who));
  assert.deepEqual(averaged, left, `round ${round}: all deltas of body ${to} but those that are left out`);
  return { ...again, averaged: left };
}

/** Of the round's deltas: what they say of each section. */
async function partsOf(
  manifest: RunManifest,
  facts: readonly Entry["fact"][],
  { round, averaged }: { readonly round: number; readonly averaged: readonly string[] },
  blob: ReadBlob,
): Promise<ReadonlyMap<string, readonly Part[]>> {
  const parts = new Map<string, Part[]>();
  const deltas: Part[][] = [];
  for (const who of averaged) {
    const accepted = facts.findLast(
      (one) => one.kind === "accepted" && one.round === round && one.volunteer === who,
    );
    assert.ok(accepted?.kind === "accepted", `round ${round}: a delta of ${who}`);
    const { source, delta, rows, tokens, seniority } = accepted;
    const carries = carriedLength(manifest, accepted);
    const from = manifest.sources.find(({ id }) => id === source)!;
    const map = rows === null ? null : rowMapFrom((await blob(rows))!, from.vocabulary);
    const { sections } = exchangeFor(manifest, from, map);
    const forms = sections.map(({ codec, held }) => ({ codec, layout: held }));
    const weight = seniority * (manifest.weighting === "tokens" ? tokens : 1);
    const own: Part[] = [];
    for (const [i, { numbers }] of decodeDelta((await blob(delta))!, forms).entries()) {
      const section = sections[i]!;
      const part = { source, weight, carries, section, numbers: numbers.data };
      parts.set(section.name, [...(parts.get(section.name) ?? []), part]);
      own.push(part);
    }
    deltas.push(own);
  }
  if (manifest.clipping !== "off") clip(deltas, manifest.clipping.multiple);
  return parts;
}

/** The root of 1 + d^2m + d^2(m + 1) + ... over all rounds up to the one it carries from, m rounds before its own. */
function carriedLength(
  { errorFeedback }: RunManifest,
  { round, carriesFrom }: Extract<Entry["fact"], { kind: "accepted" }>,
): number {
  if (errorFeedback === "off" || carriesFrom === null) return 1;
  const square = errorFeedback.decay ** 2;
  return Math.sqrt(1 + (square ** (round - carriesFrom) * (1 - square ** carriesFrom)) / (1 - square));
}

/**
 * In place: first each tensor, then all of a delta together, to so many times the round's median root mean square; of a delta
 * that carries more than the median one, to as much more. Each source has equal parts of the median, and those that are zero
 * none; of two in the middle it is the lower one.
 */
function clip(deltas: readonly (readonly Part[])[], multiple: number): void {
  const tensors = (parts: readonly Part[]) =>
    parts.flatMap(({ section, numbers }) =>
      section.held.slots.map(({ name, offset, size }) => ({
        name: `${section.name}/${name}`,
        numbers: numbers.subarray(offset, offset + size),
      })),
    );
  const rms = (lists: readonly Float32Array[]) => {
    const all = lists.flatMap((list) => [...list]);
    return Math.sqrt(all.reduce((sum, x) => sum + x * x, 0) / Math.max(1, all.length));
  };
  const medianOf = (sizes: readonly { readonly source: string; readonly size: number }[]) => {
    const some = sizes.filter(({ size }) => size > 0).sort((a, b) => a.size - b.size);
    const sources = new Set(some.map(({ source }) => source)).size;
    const shareOf = (who: string) => 1 / some.filter(({ source }) => source === who).length / sources;
    const middle = some.findIndex(
      (_, i) => some.slice(0, i + 1).reduce((sum, { source }) => sum + shareOf(source), 0) > 0.5 - 1e-9,
    );
    return middle < 0 ? Number.POSITIVE_INFINITY : some[middle]!.size;
  };
  const carried = deltas.map(([part]) => ({ source: part!.source, size: part!.carries }));
  const usual = medianOf(carried);
  const named = deltas.map((parts, i) => ({
    source: parts[0]!.source,
    tensors: tensors(parts),
    times: multiple * Math.max(1, carried[i]!.size / usual),
  }));
  const names = [...new Set(named.flatMap((one) => one.tensors.map(({ name }) => name)))];
  for (const name of names) {
    const holders = named.flatMap(({ source, tensors, times }) =>
      tensors
        .filter((one) => one.name === name)
        .map(({ numbers }) => ({ source, numbers, size: rms([numbers]), times })),
    );
    const median = medianOf(holders);
    for (const one of holders) shorten([one], one.times * median);
  }
  const wholes = named.map(({ source, tensors }) => ({
    source,
    size: rms(tensors.map((one) => one.numbers)),
  }));
  const inAll = medianOf(wholes);
  for (const [i, { size }] of wholes.entries())
    shorten(
      named[i]!.tensors.map(({ numbers }) => ({ numbers, size })),
      named[i]!.times * inAll,
    );
}

function shorten(
  lists: readonly { readonly numbers: Float32Array; readonly size: number }[],
  most: number,
): void {
  for (const { numbers, size } of lists)
    if (size > most) for (let i = 0; i < numbers.length; i++) numbers[i] = (numbers[i]! * most) / size;
}

/** Number by number: within each source the mean of what its holders say, then the mean over these sources. */
function meanOf(size: number, parts: readonly Part[]) {
  const bySource = new Map<string, { readonly sum: Float64Array; readonly weight: Float64Array }>();
  for (const { source, weight, section, numbers } of parts) {
    const own = bySource.get(source) ?? { sum: new Float64Array(size), weight: new Float64Array(size) };
    bySource.set(source, own);
    let from = 0;
    for (const { offset, size, shape } of section.layout.slots) {
      const width = size / shape[0]!;
      for (let row = 0; row < shape[0]!; row++) {
        if (section.rows !== null && !section.rows.ids.includes(row)) continue;
        for (let at = offset + row * width; at < offset + (row + 1) * width; at++) {
          own.sum[at] = own.sum[at]! + weight * numbers[from]!;
          own.weight[at] = own.weight[at]! + weight;
          from += 1;
        }
      }
    }
    assert.equal(from, numbers.length, `${section.name} of ${source}: every number is of a row`);
  }
  const mean = new Float64Array(size);
  const held = new Uint8Array(size);
  for (let i = 0; i < size; i++) {
    const sources = [...bySource.values()].filter(({ weight }) => weight[i]! > 0);
    held[i] = sources.length > 0 ? 1 : 0;
    for (const { sum, weight } of sources) mean[i] = mean[i]! + sum[i]! / weight[i]! / sources.length;
  }
  return { mean, held };
}

/**
 * Deltas are new minus old, so a mean of them is minus a gradient. Nesterov as in DiLoCo (2311.08105): v = momentum v - mean,
 * x = x - lr (momentum v - mean). Adam as in FedOpt (2003.00295, algorithm 2): m and v are running means of the mean and
 * its square, x = x + lr m / (sqrt(v) + epsilon). What they keep begins as zeros and is kept in float32.
 */
function outerStep(
  outer: RunManifest["outer"],
  { numbers, kept }: Known,
  mean: Float64Array,
  held: Uint8Array,
): Pick<Known, "numbers" | "kept"> {
  const size = numbers.length;
  const next = numbers.slice();
  const many = { averaging: 0, nesterov: 1, adam: 2 }[outer.kind];
  const memory = kept.length > 0 ? kept.slice(0, many * size) : new Float32Array(many * size);
  for (let i = 0; i < size; i++) {
    if (held[i] === 0) continue;
    const d = Math.fround(mean[i]!);
    if (outer.kind === "averaging") next[i] = numbers[i]! + d;
    else if (outer.kind === "nesterov") {
      const v = outer.momentum * memory[i]! - d;
      next[i] = numbers[i]! - outer.lr * (outer.momentum * v - d);
      memory[i] = v;
    } else {
      const [m, v] = outer.betas.map((b, j) => b * memory[j * size + i]! + (1 - b) * d ** (j + 1));
      next[i] = numbers[i]! + (outer.lr * m!) / (Math.sqrt(v!) + outer.epsilon);
      memory[i] = m!;
      memory[size + i] = v!;
    }
  }
  return { numbers: next, kept: memory };
}

/**
 * Where the step travels in a few bits, or the body has halves: the body as it was published, since it is the rounded one that counts, and beside what the
 * optimiser keeps all that was left out, which is little. Rows that nobody holds keep what was left out of them.
 */
function rounded(
  where: string,
  { down, body }: RunManifest,
  of: { readonly before: Known; readonly exact: Pick<Known, "numbers" | "kept">; readonly held: Uint8Array },
  {
    published,
    kept,
  }: { readonly published: Float32Array | undefined; readonly kept: Float32Array | undefined },
): Pick<Known, "numbers" | "kept"> {
  assert.ok(published !== undefined, `${where}: of a run that rounds every body is kept here`);
  const { before, exact, held } = of;
  const size = published.length;
  const carried =
    before.kept.length === 0 ? new Float32Array(size) : before.kept.subarray(before.kept.length - size);
  const left = carried.slice();
  let [most, mostLeft] = [0, 0];
  for (let i = 0; i < size; i++) {
    if (held[i] === 0) continue;
    left[i] = exact.numbers[i]! + carried[i]! - published[i]!;
    most = Math.max(most, Math.abs(exact.numbers[i]! - before.numbers[i]! + carried[i]!));
    const ofBody = body === "fp16" ? 1.01 * Math.max(2 ** -25, 2 ** -11 * Math.abs(published[i]!)) : 0;
    mostLeft = Math.max(mostLeft, Math.abs(left[i]!) - ofBody);
  }
  const share = { off: 0, int8: 2 ** -6, int4: 2 ** -2 }[down];
  assert.ok(mostLeft <= most * share, `${where}: ${mostLeft} left out of steps of ${most}`);
  const residual = kept?.subarray(kept.length - size) ?? left;
  for (let i = 0; i < size; i++) {
    // It is as exact as the numbers that it is a difference of.
    const largest = Math.max(...[published[i]!, exact.numbers[i]!, before.numbers[i]!].map(Math.abs));
    const bound = held[i] === 0 ? 0 : 2 ** -22 * Math.max(1e-3, largest);
    assert.ok(
      Math.abs(residual[i]! - left[i]!) <= bound,
      `${where}, residual[${i}]: ${residual[i]}, not ${left[i]}`,
    );
  }
  const numbers = published.map((x, i) => (held[i] === 0 ? before.numbers[i]! : x));
  return { numbers, kept: Float32Array.from([...exact.kept, ...residual]) };
}

const repeated = (held: Uint8Array, size: number) =>
  Uint8Array.from({ length: size }, (_, i) => held[i % held.length]!);

function assertNear(where: string, got: Float32Array, expected: Float32Array, held: Uint8Array): void {
  assert.equal(got.length, expected.length, where);
  for (let i = 0; i < expected.length; i++) {
    const error = Math.abs(got[i]! - expected[i]!);
    const bound = held[i] === 0 ? 0 : 2 ** -22 * Math.max(1e-3, Math.abs(expected[i]!));
    assert.ok(error <= bound, `${where}[${i}]: expected ${expected[i]}, got ${got[i]}`);
  }
}

async function tensors(hash: Sha256, blob: ReadBlob): Promise<Float32Array | undefined> {
  const bytes = await blob(hash);
  return bytes && float32Tensors(decodeSafetensors(bytes)).data;
}

const bits = (numbers: Float32Array) => Buffer.from(numbers.buffer, numbers.byteOffset, numbers.byteLength);
const same = (a: Float32Array, b: Float32Array) => bits(a).equals(bits(b));
