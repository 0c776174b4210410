// Samples of a body, made in a thread over the blobs of a data folder.

import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Writable } from "node:stream";
import { type Sha256, sha256OfText } from "@homebody/base";
import { exchangeOf } from "@homebody/dept";
import { type BodyRef, bodyId, type RunManifest } from "@homebody/protocol";
import { putFirst } from "@homebody/service";
import { folderBlobs } from "@homebody/store";
import { trainTokenizer } from "@homebody/text";
import { pino } from "pino";
import { afterEach, beforeEach, expect, test } from "vitest";
import { manifest } from "../../../packages/dept/test/manifests.ts";
import { openSamples, type Samples } from "../src/samples/samples.ts";

let dataDir: string;
beforeEach(() => {
  dataDir = mkdtempSync(join(tmpdir(), "homebody-samples-"));
});
afterEach(() => rmSync(dataDir, { recursive: true, force: true }));

/** Two sources with words in the body; the host serves the text of the first, and of the other a vocabulary alone. */
async function runWithWords(family: "gpt2" | "llama") {
  const blobs = await folderBlobs(join(dataDir, "blobs"));
  const documents = Array.from(
    { length: 12 },
    (_, i) => `El cuerpo ${i} viaja, y las palabras se quedan en casa`,
  );
  const bytes = (text: string) => new TextEncoder().encode(text);
  const json = trainTokenizer(documents, { vocabulary: 300 }).toJson();
  const tokenizer = { sha256: await blobs.put(bytes(json)), sizeBytes: json.length };
  const text = bytes(documents.map((text) => `${JSON.stringify({ text })}\n`).join(""));
  const train = await blobs.put(text);
  const served = { train, trainBytes: text.length, heldOut: null, heldOutBytes: 0 };
  const plain = manifest({ family });
  const run: RunManifest = {
    ...plain,
    words: "source",
    vocabulary: { ...plain.vocabulary, kind: "source" },
    rounds: 23,
    sources: plain.sources.map((source, i) => ({
      ...{ ...source, words: "source" as const, tokenizer },
      served: i === 0 ? served : null,
    })),
  };
  const sections = await putFirst(run, exchangeOf(run).sections, blobs);
  const body = (number: number): BodyRef => ({ number, id: bodyId(sections), sections });
  return { run, body };
}

async function sampling(run: RunManifest, first: BodyRef) {
  const lines: string[] = [];
  const log = pino(
    { level: "info" },
    new Writable({
      write: (line, _, done) => {
        lines.push(String(JSON.parse(line).msg));
        done();
      },
    }),
  );
  let body = first;
  const samples = await openSamples({
    ...{ dataDir, run: run.run, log },
    state: () => ({ manifest: run, body }),
    learntFrom: () => run.sources.map(({ id }) => id),
  });
  const look = (next: BodyRef) => {
    body = next;
    samples.look();
  };
  return { samples, lines, look };
}

const made = async (samples: Samples) => {
  await expect.poll(() => samples.latest().length, { timeout: 60_000 }).toBe(2);
  return samples.latest();
};

test.each(["gpt2", "llama"] as const)(
  "[C55] [C56] %s: every tenth body, from a held-out text's first words, else from none; kept, and the same again",
  { timeout: 90_000 },
  async (family) => {
    const { run, body } = await runWithWords(family);
    const { samples, lines, look } = await sampling(run, body(9));
    look(body(9));
    look(body(20));
    const [es, ja] = await made(samples);
    expect([es, ja].map((one) => [one!.source, one!.body, one!.id, one!.seed])).toEqual(
      ["es", "ja"].map((id) => [id, 20, body(20).id, "1"]),
    );
    expect(es!.prompt).toMatch(/^El cuerpo/);
    expect(ja!.prompt).toBe("");
    expect(es!.text).not.toBe("");
    await expect.poll(() => lines).toEqual(["sampled"]);
    await samples.close();

    const later = await sampling(run, body(20));
    expect(later.samples.latest()).toEqual([es, ja]);
    later.look(body(20));
    await later.samples.close();
    expect(later.lines).toEqual([]); // they were there
    rmSync(join(dataDir, "samples"), { recursive: true });
    const anew = await sampling(run, body(20));
    anew.look(body(20));
    expect(await made(anew.samples)).toEqual([es, ja]);
    await anew.samples.close();
  },
);

test("[C55] a body that is published while another is sampled is sampled next", {
  timeout: 60_000,
}, async () => {
  const { run, body } = await runWithWords("llama");
  const { samples, look } = await sampling(run, body(20));
  look(body(20));
  look({ ...body(23), id: sha256OfText("23") });
  await expect.poll(() => samples.latest().map((one) => one.body), { timeout: 60_000 }).toEqual([23, 23]);
  await samples.close();
});

test("[C55] what fails is said once, and the next body is sampled", { timeout: 60_000 }, async () => {
  const { run, body } = await runWithWords("llama");
  const lost = sha256OfText("lost") as Sha256;
  const broken = {
    ...body(10),
    id: lost,
    sections: body(10).sections.map((one) => ({ ...one, sha256: lost })),
  };
  const { samples, lines, look } = await sampling(run, broken);
  look(broken);
  await expect.poll(() => lines, { timeout: 30_000 }).toEqual(["no samples of this body"]);
  look(broken);
  expect(samples.latest()).toEqual([]);
  look(body(23)); // the last
  await made(samples);
  await expect.poll(() => lines).toEqual(["no samples of this body", "sampled"]);
  await samples.close();
});
