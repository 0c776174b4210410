// The models of a body's sources, over a scripted net and the engine on wasm: what is downloaded, and what they say.

import { type SourceId, sha256Of } from "@homebody/base";
import { encodeSection, exchangeFor, exchangeOf, firstNumbers } from "@homebody/dept";
import { cachedModel, loadParameters, type Parameters } from "@homebody/experiment";
import { scriptedNet } from "@homebody/line/memory";
import { byteModelOf, logProbabilities } from "@homebody/mixture";
import { checkRunFile, manifestOf, type RunManifest } from "@homebody/protocol";
import { trainTokenizer } from "@homebody/text";
import { createPredictor } from "@homebody/train";
import { engineDevice } from "@homebody/volunteer";
import { expect, test } from "vitest";
import { manifest as manifestOfVariant } from "../../dept/test/manifests.ts";
import { mixtureModels } from "../src/mixture/models.ts";
import { speakingSources } from "../src/mixture/view.ts";

const device = engineDevice("wasm", { threads: 1 });
const texts = { es: "la casa, las cosas y la cama ", ru: "слова остаются дома, слова дома " };
const tokenizers = Object.fromEntries(
  Object.entries(texts).map(([id, text]) => [id, trainTokenizer([text.repeat(3)], { vocabulary: 280 })]),
);

function served() {
  const file = checkRunFile({
    name: "mixture",
    description: "a run whose words are its sources'",
    words: "source",
    vocabulary: { kind: "source", size: 280 },
    model: { family: "llama", depth: 1, context: 16, overrides: { width: 16, heads: 2, hidden: 32 } },
    sources: Object.keys(texts).map((id) => ({
      id,
      title: id,
      language: id,
      text: "served",
      train: `${id}.txt`,
    })),
    training: { localSteps: 10, batch: 2, learningRate: { peak: 0.01 } },
    rounds: 3,
  });
  const net = scriptedNet();
  const utf8 = new TextEncoder();
  const fileOf = (path: string, bytes: Uint8Array) => {
    const sha256 = sha256Of(bytes);
    net.coordinator.files.set(`/${path}/${sha256}`, bytes);
    return { sha256, sizeBytes: bytes.length };
  };
  const train = { train: sha256Of(utf8.encode("text")), trainBytes: 100, heldOut: null, heldOutBytes: 0 };
  const manifest = manifestOf(
    file,
    new Map(Object.keys(texts).map((id) => [id, train])),
    new Map(
      Object.entries(tokenizers).map(([id, tokenizer]) => [
        id,
        { ...fileOf("tokenizers", utf8.encode(tokenizer.toJson())), vocabulary: 280 },
      ]),
    ),
  );
  const sections = exchangeOf(manifest).sections.map((section) => ({
    name: section.name,
    ...fileOf("bodies", encodeSection(manifest, 1, section, firstNumbers(manifest, section))),
  }));
  const asked: string[] = [];
  const download: typeof net.download = (path, ...rest) => {
    asked.push(path);
    return net.download(path, ...rest);
  };
  return { manifest, body: { number: 1, sections }, net: { download }, asked };
}

/** The same model, put together by hand. */
function byHand(manifest: RunManifest, id: SourceId) {
  const source = manifest.sources.find((one) => one.id === id)!;
  const { config, sections } = exchangeFor(manifest, source, null);
  const groups = Object.fromEntries(
    sections.map((section) => [section.group, firstNumbers(manifest, section)]),
  );
  const predictor = createPredictor(config);
  const psi = { layout: { slots: [], size: 0 }, data: new Float32Array(0) } as unknown as Parameters["psi"];
  loadParameters(predictor, { psi, ...groups } as Parameters);
  return byteModelOf(cachedModel(predictor.cache(), tokenizers[id]!));
}

test("[M11] each source's model has the body and its own words; what they share is downloaded once", async () => {
  const { manifest, body, net, asked } = served();
  expect(speakingSources(manifest, body).map(({ id }) => id)).toEqual(["es", "ru"]);
  const told: number[][] = [];
  const models = await mixtureModels({
    manifest,
    body,
    sources: ["es", "ru"],
    net,
    device,
    report: (...numbers) => told.push(numbers),
    signal: new AbortController().signal,
  });
  expect(asked).toHaveLength(body.sections.length + 2);
  expect(new Set(asked).size).toBe(asked.length);
  const [done, of] = told.at(-1)!;
  expect(done).toBe(of);
  for (const [i, id] of (["es", "ru"] as SourceId[]).entries()) {
    const found = await logProbabilities(models[i]!, "la casa дома");
    const wanted = await logProbabilities(byHand(manifest, id), "la casa дома");
    for (const [at, one] of found.entries()) expect(one).toBeCloseTo(wanted[at]!, 4);
  }
});

test("[M11] a source whose words or vocabulary are at home does not speak, and is refused", async () => {
  const { manifest, body, net } = served();
  const withoutRu = { ...body, sections: body.sections.filter(({ name }) => name !== "phi/ru") };
  expect(speakingSources(manifest, withoutRu).map(({ id }) => id)).toEqual(["es"]);
  expect(speakingSources(manifestOfVariant({ variant: "spec" }), body)).toEqual([]);
  expect(speakingSources(manifestOfVariant({ variant: "trim" }), body)).toEqual([]);
  const report = () => {};
  const { signal } = new AbortController();
  await expect(
    mixtureModels({ manifest, body: withoutRu, sources: ["ru"], net, device, report, signal }),
  ).rejects.toThrow("source ru: expected one whose words are in the body, got another one, or none");
});
