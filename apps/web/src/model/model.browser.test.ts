// Models as files in a real browser: the real worker, what a device really keeps in the browser's private storage, a real zip.

import { InputError, type RunId, type SourceId } from "@homebody/base";
import { encodeSection, exchangeFor, firstNumbers } from "@homebody/dept";
import { readModel } from "@homebody/export";
import { groups, initialParameters } from "@homebody/model/parameters";
import { packDocuments, trainTokenizer } from "@homebody/text";
import { diskOf } from "@homebody/volunteer/kept";
import { keepManifest, ownModel } from "@homebody/volunteer/own-model";
import { unzipSync } from "fflate";
import { afterEach, expect, test } from "vitest";
import type { Disk } from "../../../../packages/volunteer/src/ports.ts";
import { storedNames } from "../../../../packages/volunteer/src/stored-names.ts";
import { storedState } from "../../../../packages/volunteer/src/stored-state.ts";
import { encodeText } from "../../../../packages/volunteer/src/text-file.ts";
import { manifest } from "../../story/scenes.ts";
import { makeModel } from "./making.ts";
import { zipped } from "./zip.ts";

const ends: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const end of ends.splice(0)) await end();
});

/** The files of a zip, in the folder that they have in common. */
async function unzipped(file: Blob) {
  const entries = Object.entries(unzipSync(new Uint8Array(await file.arrayBuffer())));
  const [folder] = entries[0]![0].split("/");
  const files = Object.fromEntries(entries.map(([path, bytes]) => [path.slice(folder!.length + 1), bytes]));
  return { folder, files };
}

test("a zip has the files as they are, in one folder", async () => {
  const files = new Map([
    ["README.md", new TextEncoder().encode("# ü\n")],
    ["onnx/model.bin", Uint8Array.from({ length: 70_000 }, (_, i) => i % 251)],
    ["empty", new Uint8Array()],
  ]);
  const { folder, files: read } = await unzipped(zipped(files, "a-model"));
  expect(folder).toBe("a-model");
  expect(read).toEqual(Object.fromEntries(files));
});

/** As a volunteer's worker leaves it after round 1. */
async function keep(): Promise<{ readonly run: RunId; readonly source: SourceId; readonly disk: Disk }> {
  const run = manifest();
  const source = run.sources[0]!;
  const of = { run: run.run, source: source.id };
  const disk = await diskOf(of);
  ends.push(() => disk.clear());
  const exchange = exchangeFor(run, source, null);
  const documents = ["the body travels", "the words stay at home"];
  const tokenizer = trainTokenizer(documents, { vocabulary: 300 });
  const shard = packDocuments(documents, tokenizer, { context: run.model.context, seed: "" });
  await keepManifest(run, disk);
  await disk.write("text.safetensors", encodeText(source.id, { tokenizer, train: shard, heldOut: shard }));
  for (const section of exchange.sections)
    await disk.write(
      storedNames.body(section.group),
      encodeSection(run, 1, section, firstNumbers(run, section)),
    );
  const home = exchange.home.map(
    ({ name }) => [name, initialParameters(exchange.config, [name], "words")] as const,
  );
  await storedState(disk, exchange).saveHome(1, { values: new Map(home), moments: null });
  const scores = [{ body: 1, bitsPerByte: 2.125, at: 0 }];
  await disk.write("record.json", new TextEncoder().encode(JSON.stringify({ source: source.id, scores })));
  return { ...of, disk };
}

test("[V43] [V44] what a device keeps becomes a file that Hugging Face's form is read from, and is that model", async () => {
  const { disk, ...of } = await keep();
  const own = (await ownModel(disk))!;
  const { name, file } = await makeModel({ kind: "own", ...of, format: "hf" });
  expect(name).toBe("neighbours-languages-es-body-1-hf.zip");
  const { files } = await unzipped(file);
  const model = await readModel({
    where: name,
    names: Object.keys(files),
    read: async (one) => files[one] ?? Promise.reject(new InputError(name, one, "nothing")),
  });
  for (const group of groups) expect(model.parameters[group]).toEqual(own.parameters[group]);
  expect(model.tokenizer.toJson()).toBe(own.tokenizer.toJson());
  const card = new TextDecoder().decode(files["README.md"]);
  expect(card).toContain("2.125 bits per byte on the device's held-out text");
});

test("[V44] a device that has none says so", async () => {
  const { disk, ...of } = await keep();
  await disk.remove(storedNames.home);
  await expect(makeModel({ kind: "own", ...of, format: "hf" })).rejects.toThrow(
    "There is none yet: it takes a body, and words that this device has trained.",
  );
});
