// A process of volunteers, for tests that kill it: node crowd.ts URL FOLDER FIRST LAST.
//
// All of them are whole: line, engine (wasm, on one thread), files in a folder each. Texts are prepared once for all. It ends when all
// of them have ended.

import { join } from "node:path";
import { sha256OfText } from "@homebody/base";
import { systemClock } from "@homebody/clock";
import { type RunManifest, readManifest } from "@homebody/protocol";
import { prepareText, startVolunteer, type Text } from "@homebody/volunteer";
import { memoryDisk } from "@homebody/volunteer/memory";
import { askJson, webNet } from "@homebody/volunteer/node";
import { engineDevice } from "../../../packages/volunteer/src/device.ts";
import { folderDisk } from "../../../packages/volunteer/src/node/disk.ts";

process.setMaxListeners(0); // each engine has its own

const [url, folder, first, last] = process.argv.slice(2) as [string, string, string, string];

const manifest = readManifest(await askJson(url, "/api/run"), url);
const texts: readonly Text[] = await Promise.all(manifest.sources.map(textOf));
const indices = Array.from({ length: Number(last) - Number(first) }, (_, i) => Number(first) + i);
const volunteers = await Promise.all(indices.map(volunteer));
await Promise.all(volunteers.map(({ ended }) => ended));
for (const one of volunteers) await one.close();

function textOf(source: RunManifest["sources"][number]): Promise<Text> {
  const { signal } = new AbortController();
  const ports = { net: webNet(url), disk: memoryDisk(), clock: systemClock };
  return prepareText(manifest, source, null, { ...ports, signal, report: () => {} });
}

async function volunteer(index: number) {
  const at = index % manifest.sources.length;
  return startVolunteer({
    ...{ manifest, source: manifest.sources[at]!.id, files: null, text: texts[at]!, host: "node" },
    secret: sha256OfText(`volunteer ${index}`),
    wordsSecret: sha256OfText(`words ${index}`),
    net: webNet(url),
    disk: await folderDisk(join(folder, `volunteer-${index}`)),
    device: engineDevice("wasm", { threads: 1 }),
    clock: systemClock,
  });
}
