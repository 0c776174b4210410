// A volunteer without a browser: the same session, engine and rules, with files in a folder.

import { mkdir, readdir, readFile, stat, writeFile } from "node:fs/promises";
import { extname, join } from "node:path";
import { InputError } from "@homebody/base";
import { systemClock } from "@homebody/clock";
import { leastTextBytes } from "@homebody/dept";
import { type ManifestSource, type RunManifest, readManifest } from "@homebody/protocol";
import type { BackendName } from "@homebody/train";
import { engineDevice, tuningFile } from "../device.ts";
import { webNet } from "../net.ts";
import type { BroughtFile } from "../prepare.ts";
import { keptSecret, secretFiles } from "../secrets.ts";
import type { View } from "../view.ts";
import { startVolunteer, type Volunteer } from "../volunteer.ts";
import { askJson } from "./ask.ts";
import { folderDisk } from "./disk.ts";
import { folderOf } from "./stored.ts";

export { webNet } from "../net.ts";
export { secretFiles } from "../secrets.ts";
export { askCoordinator, askJson } from "./ask.ts";

export interface HeadlessOptions {
  /** Of the coordinator. */
  readonly url: string;
  /** Without one the first open source of the run that fits: served, or brought if text is given. */
  readonly source?: string;
  /** Of an invitation, for a source that asks for one. */
  readonly code?: string;
  /** Files or folders of .txt, .md and .jsonl, for a source whose text is brought. */
  readonly text?: readonly string[];
  readonly backend: "auto" | BackendName;
  /** Cores that may be used on wasm; all of them if it is not given. */
  readonly threads?: number;
  /** Identity, text, embeddings, snapshots and what is unsent, by run. */
  readonly dataDir: string;
  readonly snapshotMs?: number;
  /** Once, when run and source are known and before anything is trained or sent. */
  readonly begins?: (manifest: RunManifest, source: ManifestSource) => Promise<void>;
  /** At each change. */
  readonly show: (view: View) => void;
}

export interface Headless {
  readonly manifest: RunManifest;
  readonly volunteer: Volunteer;
}

/** Throws an InputError where no coordinator answers, or source and text do not fit. */
export async function startHeadless(options: HeadlessOptions): Promise<Headless> {
  const { url, backend, dataDir, show } = options;
  const manifest = readManifest(await askJson(url, "/api/run"), `${url}: manifest`);
  const files = options.text === undefined ? null : await textFiles("--text", options.text);
  const source = chooseSource(manifest, options.source, files !== null);
  if (source.served === null && files !== null) await requireEnough(manifest, files);
  const disk = await folderDisk(folderOf(dataDir, manifest, source.id));
  await options.begins?.(manifest, source);
  const volunteer = await startVolunteer({
    manifest,
    source: source.id,
    files: source.served === null ? files : null,
    secret: await secretIn(dataDir, secretFiles.identity),
    ...(options.code === undefined ? {} : { code: options.code }),
    wordsSecret: await secretIn(dataDir, secretFiles.words),
    host: "node",
    net: webNet(url),
    disk,
    device: engineDevice(backend, {
      ...(options.threads === undefined ? {} : { threads: options.threads }),
      memory: tuningFile({
        read: () => readFile(join(dataDir, "tuning"), "utf8").catch(() => undefined),
        write: (text) => writeFile(join(dataDir, "tuning"), text),
      }),
    }),
    clock: systemClock,
    show,
    ...(options.snapshotMs === undefined ? {} : { snapshotMs: options.snapshotMs }),
  });
  return { manifest, volunteer };
}

function chooseSource(manifest: RunManifest, wanted: string | undefined, brings: boolean): ManifestSource {
  const { sources } = manifest;
  const fits = ({ served, admission }: ManifestSource) =>
    (served === null) === brings && admission === "open";
  const source = wanted === undefined ? sources.find(fits) : sources.find(({ id }) => id === wanted);
  if (source !== undefined) return source;
  const list = sources.map(sourceWords).join(", ");
  throw new InputError("source", `one of ${list}`, wanted ?? (brings ? "text for none" : "no text"));
}

function sourceWords({ id, served, admission }: ManifestSource): string {
  const asks = [
    ...(served === null ? ["bring text"] : []),
    ...(admission === "open" ? [] : [admission === "code" ? "by invitation" : "if the host approves"]),
  ];
  return asks.length === 0 ? id : `${id} (${asks.join(", ")})`;
}

/** Too little text is refused before anything is trained: a device would find that out again and again. */
async function requireEnough(manifest: RunManifest, files: readonly BroughtFile[]): Promise<void> {
  const least = leastTextBytes(manifest);
  let size = 0;
  for (const file of files) {
    if (size >= least) return;
    size += (await file.bytes()).length;
  }
  if (size < least) throw new InputError("--text", `${least} bytes of text or more`, `${size}`);
}

/** This folder's own. */
async function secretIn(dataDir: string, name: string): Promise<string> {
  const path = join(dataDir, name);
  await mkdir(dataDir, { recursive: true, mode: 0o700 });
  return keptSecret({
    read: () => readFile(path, "utf8").catch(() => undefined),
    write: (text) => writeFile(path, text, { mode: 0o600 }),
  });
}

const known = new Set([".txt", ".md", ".jsonl"]);

/** Texts under paths of files and folders; an InputError names the option that the paths came by. */
export async function textFiles(option: string, paths: readonly string[]): Promise<BroughtFile[]> {
  const files: BroughtFile[] = [];
  for (const path of paths) {
    const info = await stat(path).catch((error: NodeJS.ErrnoException) => {
      throw new InputError(option, `a file or folder at ${path}`, error.code ?? error.message);
    });
    const found = info.isFile() ? [path] : await textsUnder(path);
    for (const file of found)
      files.push({ name: file, bytes: async () => new Uint8Array(await readFile(file)) });
  }
  if (files.length === 0) throw new InputError(option, "files of .txt, .md or .jsonl", "none");
  return files;
}

async function textsUnder(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { withFileTypes: true, recursive: true });
  return entries
    .filter((entry) => entry.isFile() && known.has(extname(entry.name)))
    .map((entry) => join(entry.parentPath, entry.name))
    .sort();
}

export { heldOutOptions } from "../replica.ts";
export type { Text } from "../text-file.ts";
export { type ServedFiles, textServed, tokenizerServed } from "./served.ts";
export { type StoredHome, storedHome, storedSources, storedText } from "./stored.ts";
