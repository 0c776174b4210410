// What somebody may get wrong at the command line, command by command, through the whole of it but its process.

import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer as createSite, type Server } from "node:http";
import { createServer as createSecureSite } from "node:https";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createServer, type RunningServer, stderrLog } from "@homebody/server";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { writeRun } from "../../../test/run-folder.ts";
import { homebody } from "../src/homebody.ts";
import { captured } from "./finished-run.ts";

const folder = mkdtempSync(join(tmpdir(), "homebody-mistakes-"));
const at = (...names: string[]) => join(folder, ...names);
const hasOpenssl = spawnSync("openssl", ["version"]).status === 0;

let coordinator: RunningServer;
let site: Server;
let secureSite: Server | undefined;

beforeAll(async () => {
  writeRun(folder);
  const written = readFileSync(at("run.yaml"), "utf8");
  writeFileSync(at("empty.yaml"), "");
  writeFileSync(at("list.yaml"), "- a\n- b\n");
  writeFileSync(at("tabs.yaml"), "name: x\n\tdescription: y\n");
  writeFileSync(at("twice.yaml"), `${written}rounds: 3\n`);
  writeFileSync(at("circle.yaml"), "name: &a [*a]\n");
  writeFileSync(at("nowhere.yaml"), "name: *a\n");
  writeFileSync(at("bad.json"), '{"name": "x",\n "rounds": }');
  writeFileSync(at("nan.yaml"), written.replace("rounds: 2", "rounds: .nan"));
  writeFileSync(at("no-text.yaml"), written.replace("train: a.jsonl", "train: none.jsonl"));
  writeFileSync(at("uneven.yaml"), written.replace("width: 16", "width: 15"));
  const huge = { "depth: 1": "depth: 96", "width: 16": "width: 16384", "hidden: 32": "hidden: 65536" };
  const larger = Object.entries(huge).reduce((text, [from, to]) => text.replace(from, to), written);
  writeFileSync(at("huge.yaml"), larger.replace("heads: 2", "heads: 128"));
  writeFileSync(at("quorum.yaml"), written.replace("quorum: all", "quorum: 6000"));
  writeFileSync(at("sources.yaml"), written.replace("quorum: all", "quorumSources: 3"));
  writeFileSync(at("file"), "not a folder");
  for (const name of ["empty", "torn", "odd", "odd/blobs", "torn/blobs"]) mkdirSync(at(name));
  writeFileSync(at("torn", "journal.sqlite"), "nothing that SQLite knows".repeat(200));
  writeFileSync(at("odd", "journal.json"), "{");
  coordinator = await createServer({ run: at("run.yaml"), dataDir: at("served"), log: stderrLog("silent") });
  site = createSite((_, response) => {
    response.setHeader("content-type", "text/html; charset=utf-8");
    response.end("<html>a shop</html>");
  });
  await new Promise<void>((resolve) => site.listen(0, "127.0.0.1", resolve));
  if (hasOpenssl) await serveSecurely();
});

/** Two certificates with their keys, and a site that shows the first. */
async function serveSecurely(): Promise<void> {
  for (const name of ["one", "other"]) {
    const files = ["-keyout", at(`${name}.key`), "-out", at(`${name}.pem`)];
    const what = ["-subj", "/CN=localhost", "-addext", "subjectAltName=IP:127.0.0.1"];
    spawnSync("openssl", ["req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", ...files, ...what]);
  }
  const pair = { cert: readFileSync(at("one.pem")), key: readFileSync(at("one.key")) };
  const server = createSecureSite(pair, (_, response) => void response.end("{}"));
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  secureSite = server;
}

afterAll(async () => {
  await coordinator.close();
  for (const one of [site, secureSite]) {
    one?.closeAllConnections();
    await new Promise((resolve) => (one === undefined ? resolve(undefined) : one.close(resolve)));
  }
  rmSync(folder, { recursive: true });
});

const portOf = (server: Server) => (server.address() as AddressInfo).port;
/** Where nobody listens. */
const nobody = "127.0.0.1:1025";

type Case = readonly [what: string, args: () => readonly string[], sentence: RegExp];

const serving =
  (file: string, ...more: string[]) =>
  () => ["serve", at(file), "--data", at("never"), "--port", "0", ...more];
const volunteering = (url: () => string) => () => ["volunteer", url(), "--data", at("volunteer")];

const runFiles: readonly Case[] = [
  ["a run file that is not there", serving("none.yaml"), /expected a readable file at .*none\.yaml/],
  ["a folder for a run file", serving("empty"), /expected a readable file at .*EISDIR/],
  [
    "an empty run file",
    serving("empty.yaml"),
    /^empty\.yaml:1: run: expected keys with values, got nothing$/,
  ],
  [
    "a list for a run file",
    serving("list.yaml"),
    /^list\.yaml:1: run: expected keys with values, got \["a","b"\]$/,
  ],
  ["tabs in a run file", serving("tabs.yaml"), /^tabs\.yaml:2: expected YAML, got: Tabs/],
  ["a key twice", serving("twice.yaml"), /^twice\.yaml:\d+: expected YAML, got: Map keys must be unique/],
  [
    "an alias in a circle",
    serving("circle.yaml"),
    /^circle\.yaml:1: expected YAML, got: \*a, which is a part of itself/,
  ],
  [
    "an alias of nothing",
    serving("nowhere.yaml"),
    /^nowhere\.yaml:1: expected YAML, got: \*a, which is not there/,
  ],
  ["no number", serving("nan.yaml"), /^nan\.yaml:9: rounds: expected a whole number, got NaN$/],
  [
    "a text that is not there",
    serving("no-text.yaml"),
    /^no-text\.yaml:5: sources\.0\.train: expected a file or folder/,
  ],
  [
    "a model that is none",
    serving("uneven.yaml"),
    /^uneven\.yaml:3: model\.heads: expected a divisor of the width 15/,
  ],
  ["a model that does not fit", serving("huge.yaml"), /^huge\.yaml:3: model: .* parameters .* down a round/],
  [
    "a quorum that cannot come",
    serving("quorum.yaml"),
    /^quorum\.yaml:\d+: round\.quorum: expected at most 5000/,
  ],
  [
    "a quorum of too many sources",
    serving("sources.yaml"),
    /round\.quorumSources: expected at most 2, .* got 3$/,
  ],
  [
    "a run file for simulate",
    () => ["simulate", at("empty.yaml"), ...sized],
    /^empty\.yaml:1: run: expected keys/,
  ],
  ["a model for simulate", () => ["simulate", at("huge.yaml"), ...sized], / parameters .* down a round/],
  [
    "a run file for experiment",
    () => ["experiment", at("empty.yaml"), "--out", at("never")],
    /^empty\.yaml:1: run/,
  ],
];
const sized = ["--volunteers", "2", "--rounds", "1", "--seed", "1", "--stub-training"];

const places: readonly Case[] = [
  [
    "a file for a data folder",
    () => ["serve", at("run.yaml"), "--data", at("file")],
    /data folder: expected a folder/,
  ],
  [
    "a folder below a file",
    () => ["serve", at("run.yaml"), "--data", at("file", "x")],
    /data folder: expected a folder/,
  ],
  [
    "a journal that is none",
    () => ["serve", at("run.yaml"), "--data", at("torn")],
    /journal\.sqlite: expected a journal/,
  ],
  ["the same to verify", () => ["verify", at("torn")], /journal\.sqlite: expected a journal/],
  [
    "the same to back up",
    () => ["backup", at("torn"), "--to", at("x.tar")],
    /journal\.sqlite: expected a journal/,
  ],
  ["the same to evaluate", () => ["evaluate", at("torn")], /journal\.sqlite: expected a journal/],
  [
    "a torn journal.json",
    () => ["serve", at("run.yaml"), "--data", at("odd")],
    /journal\.json: expected where/,
  ],
  ["no run", () => ["verify", at("empty")], /data folder: expected one that holds a run/],
  [
    "no folder",
    () => ["migrate", at("none"), "--to", "sqlite"],
    /data folder: expected one that holds a run/,
  ],
  [
    "a folder in use",
    () => ["serve", at("run.yaml"), "--data", at("served"), "--port", "0"],
    /in use by another/,
  ],
  [
    "no folder for a backup",
    () => ["backup", at("served"), "--to", at("none", "x.tar")],
    /none.x\.tar.*nothing/,
  ],
  [
    "a folder for a backup",
    () => ["backup", at("served"), "--to", at("empty")],
    /empty: expected a file, got a folder/,
  ],
  ["no backup", () => ["restore", at("file"), "--to", at("restored")], /expected a backup/],
  [
    "a file for results",
    () => ["experiment", at("run.yaml"), "--out", at("file")],
    /file: expected a folder/,
  ],
  [
    "a file for a model",
    () => ["adapt", `random:${at("run.yaml")}`, "--text", at("a.jsonl"), "--to", at("file")],
    /file: expected a folder/,
  ],
  [
    "a file on the way to an export",
    () => ["export", at("served"), "--source", "a", "--to", at("file", "model")],
    /file.model: expected a folder, got a file, there or on the way to it/,
  ],
  [
    "no words to export",
    () => ["export", at("served"), "--source", "a", "--to", at("never")],
    /export: expected words of a in .*volunteers, as npm start leaves them, or --words, got none/,
  ],
  [
    "no folder for a journal",
    () => ["simulate", at("run.yaml"), ...sized, "--journal", at("none", "x")],
    /none.x: expected/,
  ],
  ["no cases", () => ["golden", at("empty")], /expected case folders/],
  ["no text", () => ["bench", "half", at("none.jsonl")], /none\.jsonl: expected/],
  [
    "a file for a volunteer's folder",
    () => ["volunteer", coordinator.url, "--data", at("file")],
    /file.*expected a folder/,
  ],
  ["a file for npm start", () => ["demo", "--data", at("file"), "--port", "0"], /file.*expected a folder/],
];

const addresses: readonly Case[] = [
  [
    "a port in use",
    () => ["serve", at("run.yaml"), "--data", at("never"), "--port", `${coordinator.port}`],
    /port: expected one that is free/,
  ],
  [
    "an address of another computer",
    serving("run.yaml", "--host", "192.0.2.1"),
    /host: expected an address of this computer/,
  ],
  [
    "a host that is not known",
    serving("run.yaml", "--host", "nosuch.invalid"),
    /host: expected an address of this computer/,
  ],
  [
    "a public URL with a path",
    serving("run.yaml", "--public-url", "https://a.example/x"),
    /--public-url: expected/,
  ],
  [
    "no PostgreSQL",
    serving("run.yaml", "--database", `postgres://me@${nobody}/x`),
    /PostgreSQL that answers \(is it at work/,
  ],
  [
    "a PostgreSQL that is not known",
    serving("run.yaml", "--database", "postgres://nosuch.invalid/x"),
    /PostgreSQL that answers/,
  ],
  [
    "a database that is none",
    serving("run.yaml", "--database", "data.sqlite"),
    /--database: expected an address such as/,
  ],
  [
    "nobody there",
    volunteering(() => `http://${nobody}`),
    /expected a coordinator that answers, got nobody listening/,
  ],
  [
    "a name that is not known",
    volunteering(() => "nosuch.invalid"),
    /https:\/\/nosuch\.invalid: .* a name that is not known/,
  ],
  [
    "another site",
    volunteering(() => `http://127.0.0.1:${portOf(site)}`),
    /a page of another site at \/api\/run/,
  ],
  [
    "another path",
    volunteering(() => `${coordinator.url}/shop`),
    /expected the coordinator alone, such as http/,
  ],
  ["another scheme", volunteering(() => "ftp://a.example"), /volunteer: expected an address such as/],
  ["HTTPS where there is none", volunteering(() => coordinator.url.replace("http", "https")), /got no HTTPS/],
  [
    "a word",
    volunteering(() => "nonsense"),
    /volunteer: expected an address such as https:\/\/run\.example\.org/,
  ],
  [
    "an invitation that is torn",
    volunteering(() => `${coordinator.url}/#source=a&code=12`),
    /link: expected an invitation's/,
  ],
  [
    "another site to act on",
    () => ["admin", `127.0.0.1:${portOf(site)}`, "status"],
    /a page of another site/,
  ],
  [
    "another site to invite to",
    () => ["invite", `127.0.0.1:${portOf(site)}`, "--source", "a", "--token", "x"],
    /a page of another site/,
  ],
  ["another site to verify", () => ["verify", `http://127.0.0.1:${portOf(site)}`], /a page of another site/],
  ["nobody to evaluate", () => ["evaluate", nobody], /expected a coordinator that answers/],
];

const words: readonly Case[] = [
  ["no such command", () => ["srve"], /expected a command, got "srve" \(did you mean serve\?\)/],
  ["no such option", serving("run.yaml", "--prot", "1"), /Unknown option '--prot' \(--help lists/],
  [
    "an option without its value",
    () => ["serve", at("run.yaml"), "--port"],
    /'--port <value>' argument missing/,
  ],
  ["no port", serving("run.yaml", "--port", "99999"), /--port: expected a whole number from 0 to 65535/],
  [
    "no number",
    () => ["simulate", at("run.yaml"), ...sized, "--delay-ms", "NaN"],
    /--delay-ms: expected a number/,
  ],
  ["no pattern", () => ["golden", at("empty"), "--case", "("], /--case: expected a regular expression/],
  ["too many words", () => ["demo", "x"], /Unexpected argument 'x'/],
  ...[
    "serve",
    "golden",
    "invite",
    "experiment",
    "volunteer",
    "verify",
    "simulate",
    "adapt",
    "export",
    "sample",
    "backup",
    "restore",
    "migrate",
  ].map(
    (name): Case => [
      `${name} without its argument`,
      () => [name],
      new RegExp(`^${name}: expected .*, got none$`),
    ],
  ),
  ["bench without a topic", () => ["bench"], /bench: expected engine/],
  ["study without a name", () => ["study"], /study: expected one of/],
  [
    "admin without an act",
    () => ["admin", at("served")],
    /admin: expected a data folder or address, and one of/,
  ],
  ["evaluate without a model", () => ["evaluate"], /evaluate: expected a model folder/],
];

const certificates: readonly Case[] = [
  [
    "them the other way round",
    serving("run.yaml", ...tls("one.key", "one.pem")),
    /expected certificate and key, got them the other way round/,
  ],
  ["two keys", serving("run.yaml", ...tls("one.key", "one.key")), /--tls-cert: expected a certificate/],
  [
    "two certificates",
    serving("run.yaml", ...tls("one.pem", "one.pem")),
    /--tls-key: expected a private key/,
  ],
  [
    "those of two",
    serving("run.yaml", ...tls("one.pem", "other.key")),
    /--tls-key: expected the key of the certificate/,
  ],
  ["no files", serving("run.yaml", ...tls("none", "none")), /--tls-cert: expected a readable file/],
  [
    "one that is not trusted",
    volunteering(() => `https://127.0.0.1:${portOf(secureSite!)}`),
    /does not trust \(with NODE_EXTRA_CA_CERTS/,
  ],
];

function tls(cert: string, key: string): readonly string[] {
  return ["--tls-cert", at(cert), "--tls-key", at(key)];
}

describe.each([
  ["run files", runFiles, true],
  ["places", places, true],
  ["addresses", addresses, true],
  ["words", words, true],
  ["certificates", certificates, hasOpenssl],
] as const)("[P43] %s", (_, cases, isPossible) => {
  test.skipIf(!isPossible).each(cases)("%s: one sentence, exit code 2", async (_what, args, sentence) => {
    const [command] = args();
    const { code, stdout, stderr } = await captured(homebody, args());
    const lines = stderr
      .trim()
      .split("\n")
      .filter((line) => !/^\d{4}-\d\d-\d\dT/.test(line)); // progress
    const said = lines.at(-1)!.replace(new RegExp(`^homebody ${command}: `), "");
    expect(said).toMatch(sentence);
    expect(existsSync(at("never")), "[P44] a folder that was not there").toBe(false);
    expect({ code, lines: lines.length, stdout }, stderr).toEqual({ code: 2, lines: 1, stdout: "" });
  });
});
