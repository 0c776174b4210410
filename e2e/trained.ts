// A run of a test, trained to its end by browsers and perhaps a volunteer without one, each behind a wire of its own. What
// holds of every run is asserted here: sources learn, each body is what was sent, and what the page says of its traffic is
// what the wire carried, section by section.

import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { type Sha256, sha256Of } from "@homebody/base";
import { type Entry, figuresOf, firstLast } from "@homebody/coordinator";
import { groupOf, type Hello, type RunManifest } from "@homebody/protocol";
import { type Browser, expect, type Page } from "@playwright/test";
import { assertMeans } from "../test/recompute.ts";
import { type Ends, headless, hosted, until } from "./coordinator.ts";
import { Device, withoutGpu } from "./device.ts";
import { pathsAsked, uploadsOf } from "./sent.ts";
import { account, type Message, openWire, type Wire } from "./traffic.ts";

interface Taken {
  readonly device: Device | null;
  readonly wire: Wire;
  readonly messages: readonly Message[];
}

export interface Trained {
  readonly manifest: RunManifest;
  readonly entries: readonly Entry[];
  /** In the order of the volunteers. */
  readonly taken: readonly Taken[];
  readonly texts: Readonly<Record<string, readonly string[]>>;
}

export interface TrainedOptions {
  /** Of two rounds, in fp32, over the texts `es.jsonl` and `ru.jsonl`. */
  readonly yaml: string;
  /** What each browser contributes to: served text by its title, or a file. The first computes on WebGPU, others on WebAssembly. */
  readonly browsers: readonly { readonly title: RegExp; readonly file?: string }[];
  /** The source of a volunteer without a browser. */
  readonly headless?: string;
  /** After each round. */
  readonly published?: (devices: readonly Device[]) => Promise<void>;
  readonly ends: Ends;
}

export async function trained(
  browser: Browser,
  { yaml, browsers, headless: withoutBrowser, published = async () => {}, ends }: TrainedOptions,
): Promise<Trained> {
  const { folder, texts, server } = await hosted(ends, `${yaml}\nkeep: { deltaRounds: all }\n`, ["es", "ru"]);
  await server.start();
  const wires: Wire[] = [];
  const wire = async () => {
    const one = await openWire(() => server.port);
    ends.push(() => one.close());
    wires.push(one);
    return one;
  };
  const devices: Device[] = [];
  for (const i of browsers.keys()) {
    const worker = i === 0 ? "" : withoutGpu;
    const device = await Device.open(browser, (await wire()).url, { worker });
    ends.push(() => device.close());
    devices.push(device);
  }
  if (withoutBrowser !== undefined) headless(ends, folder, (await wire()).url, "--source", withoutBrowser);
  for (const [i, { page }] of devices.entries()) {
    const { title, file } = browsers[i]!;
    await page.getByRole("radio", { name: title }).check();
    if (file !== undefined) {
      await page.locator("input[type=file]").setInputFiles(join(folder, file));
      await page.getByTestId("files-total").waitFor(); // faster than anybody presses
    }
    await page.getByTestId("contribute").click();
  }
  for (const round of [1, 2]) {
    await until(`round ${round} is published`, async () =>
      (await server.journal()).some(({ fact }) => fact.kind === "published" && fact.round === round),
    );
    await published(devices);
  }
  const entries = await until("the run is finished", async () => {
    const all = await server.journal();
    return all.at(-1)!.fact.kind === "finished" && all;
  });
  const manifest = (await (await fetch(`${server.url}/api/run`)).json()) as RunManifest;
  const figures = figuresOf(entries)!;
  for (const { id } of manifest.sources) {
    const { first, last, lastBody } = firstLast(figures, id)!;
    expect([lastBody, last < 0.97 * first], `${id}: ${first} to ${last}`).toEqual([2, true]);
  }

  const taken = wires.map((wire, i): Taken => {
    const { messages, unknown } = account(wire.connections);
    expect(unknown).toEqual([]);
    return { device: devices[i] ?? null, wire, messages };
  });
  // Deltas as the wires carried them; bodies and row maps as the coordinator keeps them.
  const deltas = new Map(
    taken.flatMap(({ messages }) => uploadsOf(messages)).map((bytes) => [sha256Of(bytes), bytes]),
  );
  expect(deltas.size).toBe(2 * wires.length);
  const blob = async (hash: Sha256) => {
    const path = join(folder, "data", "blobs", hash.slice(0, 2), hash);
    return deltas.get(hash) ?? (existsSync(path) ? new Uint8Array(readFileSync(path)) : undefined);
  };
  expect(await assertMeans(entries, wires.length, blob)).toEqual([1, 2]);
  for (const { device, wire, messages } of taken)
    if (device !== null) await requireLedger(device.page, manifest, entries, wire, messages);
  return { manifest, entries, taken, texts };
}

/** What the page says went out and came in, against the wire: chunks by the sections that they lie in, files by name. */
async function requireLedger(
  page: Page,
  { sources }: RunManifest,
  entries: readonly Entry[],
  { connections }: Wire,
  messages: readonly Message[],
): Promise<void> {
  const facts = entries.map(({ fact }) => fact);
  const out = { theta: 0, phi: 0, psi: 0 };
  for (const bytes of uploadsOf(messages)) {
    const accepted = facts.find((fact) => fact.kind === "accepted" && fact.delta === sha256Of(bytes));
    if (accepted?.kind !== "accepted") throw new Error("expected a delta that was accepted");
    for (const { name, sizeBytes } of accepted.sections) out[groupOf(name)] += sizeBytes;
    expect(accepted.sections.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0)).toBe(bytes.length);
  }
  const carrying = messages.filter(({ event }) => event === "chunk" || event === "open"); // a small delta rides in its opening
  const pieces = carrying.flatMap(({ attachments }) => attachments);
  expect(pieces.reduce((sum, { length }) => sum + length, 0)).toBe(out.theta + out.phi + out.psi);

  const sections = new Map(
    facts.flatMap((fact) =>
      fact.kind === "created" || fact.kind === "published"
        ? fact.sections.map((section) => [section.sha256 as string, section] as const)
        : [],
    ),
  );
  const served = new Map<string, number>();
  for (const { served: text, tokenizer } of sources) {
    if (text !== null) served.set(text.train, text.trainBytes);
    if (tokenizer !== null) served.set(tokenizer.sha256, tokenizer.sizeBytes);
  }
  const came = { theta: 0, phi: 0, psi: 0, texts: 0 };
  for (const path of pathsAsked(connections)) {
    const [, kind, hash = ""] = path.split("/");
    if (kind === "bodies") {
      const { name, sizeBytes } = sections.get(hash)!;
      came[groupOf(name)] += sizeBytes;
    } else if (kind === "texts" || kind === "tokenizers") came.texts += served.get(hash)!;
  }
  const shown = async (name: string) =>
    Number(await page.getByTestId(`ledger-${name}`).getAttribute("value"));
  const names = ["deltas", "words", "bodies", "words-in", "texts"];
  await expect
    .poll(() => Promise.all(names.map(shown)))
    .toEqual([out.theta, out.phi + out.psi, came.theta, came.phi + came.psi, came.texts]);
}

export const hellosIn = (messages: readonly Message[]) =>
  messages.flatMap(({ event, value, attachments }) =>
    event === "hello" ? [{ hello: (value as [Hello])[0], attachments }] : [],
  );

/** One part of the text that a device has prepared. */
export async function textOf(device: Device, part: string) {
  const found = (await device.tensors()).find(
    ({ file, name }) => file === "text.safetensors" && name === part,
  );
  return found!.data;
}
