// A volunteer without a browser: the same session, engine and rules, with files in a folder.

import { mkdir, readdir, readFile, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { InputError, type Millis } from "@homebody/base";
import { systemClock } from "@homebody/clock";
import { type ManifestSource, type RunManifest, readManifest } from "@homebody/protocol";
import { isTextFile } from "@homebody/text";
import type { BackendName } from "@homebody/train";
import { type BroughtFile, type ReadFile, requireUsable } from "../brought.ts";
import { engineDevice, tuningFile } from "../device.ts";
import type { Hours } from "../hours.ts";
import { webNet } from "../net.ts";
import type { Device, Disk } from "../ports.ts";
import { keptSecret, secretFiles } from "../secrets.ts";
import { hasText } from "../text-name.ts";
import type { Intensity, View } from "../view.ts";
import { startVolunteer, type Volunteer } from "../volunteer.ts";
import { askJson } from "./ask.ts";
import { folderDisk } from "./disk.ts";
import { folderOf } from "./stored.ts";

export { webNet } from "../net.ts";
export { secretFiles } from "../secrets.ts";
export { askCoordinator, askJson, Unreached } from "./ask.ts";

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
  /** Full, if it is not given. */
  readonly intensity?: Intensity;
  /** In which it may compute, by the clock of this machine; always, if they are not given. */
  readonly hours?: Hours | undefined;
  /** Identity, text, embeddings, snapshots and what is unsent, by run. */
  readonly dataDir: string;
  readonly snapshotMs?: number;
  /** Of the device that would be used: the one that is. For those who measure it. */
  readonly around?: (device: Device) => Device;
  /** Once, when run and source are known and before anything is trained or sent; with the files that were not in UTF-8. */
  readonly begins?: (manifest: RunManifest, source: ManifestSource, converted: readonly ReadFile[]) => void;
  /** At each change. */
  readonly show: (view: View) => void;
}

export interface Headless {
  readonly manifest: RunManifest;
  readonly volunteer: Volunteer;
}

/** Throws an InputError where no coordinator answers, or source and text do not fit. */
export async function startHeadless(options: HeadlessOptions): Promise<Headless> {
  const { url, dataDir, show, around = (device) => device } = options;
  const manifest = readManifest(await askJson(url, "/api/run"), `${url}: manifest`);
  const source = chooseSource(manifest, options.source, options.text !== undefined);
  const disk = await folderDisk(folderOf(dataDir, manifest, source.id));
  const { files, converted } = await bring(options.text, manifest, source, disk);
  options.begins?.(manifest, source, converted);
  const volunteer = await startVolunteer({
    manifest,
    source: source.id,
    files,
    secret: await secretIn(dataDir, secretFiles.identity),
    ...(options.code === undefined ? {} : { code: options.code }),
    wordsSecret: await secretIn(dataDir, secretFiles.words),
    host: "node",
    net: webNet(url),
    disk,
    device: around(deviceIn(dataDir, options)),
    clock: systemClock,
    ...(options.intensity === undefined ? {} : { intensity: options.intensity }),
    ...(options.hours === undefined ? {} : { hours: { hours: options.hours, timeOfDay } }),
    show,
    ...(options.snapshotMs === undefined ? {} : { snapshotMs: options.snapshotMs }),
  });
  return { manifest, volunteer };
}

function deviceIn(dataDir: string, { backend, threads }: HeadlessOptions): Device {
  return engineDevice(backend, {
    ...(threads === undefined ? {} : { threads }),
    memory: tuningFile({
      read: () => readFile(join(dataDir, "tuning"), "utf8").catch(() => undefined),
      write: (text) => writeFile(join(dataDir, "tuning"), text),
    }),
  });
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

/** What is brought is looked at before anything is started: what is wrong with it stays wrong [V23]. */
async function bring(
  paths: readonly string[] | undefined,
  manifest: RunManifest,
  { id, served }: ManifestSource,
  disk: Disk,
): Promise<{ readonly files: readonly BroughtFile[] | null; readonly converted: readonly ReadFile[] }> {
  if (paths === undefined && (served !== null || (await hasText(disk))))
    return { files: null, converted: [] };
  if (paths === undefined)
    throw new InputError("--text", `files or folders: volunteers bring the text of ${id}`, "none");
  if (served !== null)
    throw new InputError("--text", `none: the host serves the text of ${id}`, paths.join(", "));
  const files = await textFiles("--text", paths);
  const read = await requireUsable(manifest, id, files);
  return { files, converted: read.filter(({ encoding }) => encoding !== "UTF-8") };
}

/** In the time zone of this machine. */
function timeOfDay(at: Millis): number {
  const local = new Date(at);
  const seconds = 60 * (60 * local.getHours() + local.getMinutes()) + local.getSeconds();
  return 1000 * seconds + local.getMilliseconds();
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

/** Of a folder what may be text, but for empty files. */
async function textsUnder(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { withFileTypes: true, recursive: true });
  const paths = entries
    .filter((entry) => entry.isFile() && isTextFile(entry.name))
    .map((entry) => join(entry.parentPath, entry.name))
    .sort();
  const sizes = await Promise.all(paths.map(async (path) => (await stat(path)).size));
  return paths.filter((_, i) => sizes[i]! > 0);
}

export { requireUsable } from "../brought.ts";
export { type Hours, hoursFrom } from "../hours.ts";
export type { OwnModel } from "../own-model.ts";
export { heldOutOptions } from "../replica.ts";
export type { Text } from "../text-file.ts";
export { type ServedFiles, textServed, tokenizerServed } from "./served.ts";
export {
  folderOf,
  ownModelIn,
  type StoredHome,
  storedHome,
  storedRunIn,
  storedSourceIn,
  storedSources,
  storedText,
} from "./stored.ts";
