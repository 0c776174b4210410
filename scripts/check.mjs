// npm run check: types, lint and format, import direction, purity. Within 30 s; exit 1 if anything is found.

import { spawnSync } from "node:child_process";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join, relative } from "node:path";
import { pathToFileURL } from "node:url";
import { ensurePackages, root } from "./ensure.mjs";

const layers = [
  ["base"],
  ["protocol", "codec", "text", "aggregate", "store", "kernels", "clock"],
  ["model", "line", "mixture"],
  ["dept", "train"],
  ["coordinator", "experiment"],
  ["volunteer", "service", "export", "measures"],
  ["sim"],
  ["server", "web", "cli"],
];
const pure = [
  "base",
  "protocol",
  "codec",
  "text",
  "mixture",
  "dept",
  "aggregate",
  "coordinator",
  "experiment",
  "service",
  "export",
  "measures",
];

/** Each check is a name and what it found: nothing means that it passed. */
export const checks = {
  "types (tsc)": () => tool(join("node_modules", "typescript", "bin", "tsc"), ["-b"]),
  "lint and format (biome)": () =>
    tool(join("node_modules", "@biomejs", "biome", "bin", "biome"), ["ci", "--error-on-warnings", "."]),
  "imports point one way": importDirection,
  "pure packages are pure": purity,
  "no synchronous readback": noSyncReadback,
  "one version": oneVersion,
};

/** Returns how many checks passed and failed. */
export function runChecks() {
  const counts = { passed: 0, failed: 0, skipped: 0 };
  for (const [name, check] of Object.entries(checks)) {
    const found = check();
    if (found) counts.failed += 1;
    else counts.passed += 1;
    process.stdout.write(`${found ? "FAIL" : "ok  "} ${name}\n${found ? `${found}\n` : ""}`);
  }
  return counts;
}

function tool(script, args) {
  const result = spawnSync(process.execPath, [script, ...args], { cwd: root, encoding: "utf8" });
  return result.status === 0 ? "" : `${result.stdout}${result.stderr}${result.error?.message ?? ""}`.trim();
}

/** What a package.json depends on decides what it may import (biome holds code to it); here that it points down. */
function importDirection() {
  const found = [];
  const layerOf = new Map(layers.flatMap((names, layer) => names.map((name) => [name, layer])));
  for (const group of ["packages", "apps"])
    for (const name of readdirSync(join(root, group))) {
      const { dependencies = {} } = JSON.parse(readFileSync(join(root, group, name, "package.json"), "utf8"));
      for (const dependency of Object.keys(dependencies)) {
        const other = dependency.replace("@homebody/", "");
        if (other === dependency || allowed(name, other, layerOf)) continue;
        found.push(`${group}/${name}: expected dependencies of lower layers, got ${dependency}`);
      }
    }
  return found.join("\n");
}

function allowed(name, other, layerOf) {
  if (!layerOf.has(name) || !layerOf.has(other)) return false;
  return layerOf.get(other) < layerOf.get(name) || (name === "cli" && other === "server");
}

/** The compiler takes away clocks, sockets and disks (tsconfig.pure.json); dice it cannot. */
function purity() {
  return scan(
    pure.map((name) => join("packages", name, "src")),
    /\bMath\.random\b|\bfrom "node:/,
    "a pure package takes a seed, and does no IO",
  );
}

/** dataSync loses the device on software adapters, and stalls it on all others. */
function noSyncReadback() {
  const roots = ["packages", "apps"].flatMap((group) =>
    readdirSync(join(root, group)).map((name) => join(group, name, "src")),
  );
  return scan(roots, /\.(dataSync|arraySync|bytesSync)\(|\.print\(/, "await data() instead");
}

/** The version stands in every package.json; the program says the one of packages/protocol. */
function oneVersion() {
  const versionOf = (...path) =>
    JSON.parse(readFileSync(join(root, ...path, "package.json"), "utf8")).version;
  const expected = versionOf();
  const found = ["packages", "apps"].flatMap((group) =>
    readdirSync(join(root, group))
      .map((name) => [join(group, name), versionOf(group, name)])
      .filter(([, version]) => version !== expected)
      .map(([where, version]) => `${where}: expected version ${expected}, got ${version}`),
  );
  if (!readFileSync(join(root, "CHANGELOG.md"), "utf8").includes(`## ${expected}`))
    found.push(`CHANGELOG.md: expected a heading ${expected}`);
  return found.join("\n");
}

function scan(folders, pattern, why) {
  const found = [];
  for (const file of folders.flatMap((folder) => sourcesIn(join(root, folder)))) {
    if (/\.test\.tsx?$/.test(file)) continue;
    readFileSync(file, "utf8")
      .split("\n")
      .forEach((line, i) => {
        if (pattern.test(line) && !/^\s*(\/\/|\*)/.test(line))
          found.push(`${relative(root, file)}:${i + 1}: ${line.trim()} (${why})`);
      });
  }
  return found.join("\n");
}

function sourcesIn(folder) {
  if (!existsSync(folder)) return [];
  return readdirSync(folder, { withFileTypes: true, recursive: true })
    .filter((entry) => entry.isFile() && /\.tsx?$/.test(entry.name))
    .map((entry) => join(entry.parentPath, entry.name));
}

if (import.meta.url === pathToFileURL(process.argv[1]).href) {
  ensurePackages();
  const { failed } = runChecks();
  process.exitCode = failed > 0 ? 1 : 0;
}
