// Installs what is missing, and says so: npm packages always, browsers only where they are asked for.
//
// Plain JavaScript without dependencies: it runs before anything is installed.

import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

export const root = join(dirname(fileURLToPath(import.meta.url)), "..");

const say = (line) => process.stderr.write(`${line}\n`);

/** A Node that is too old fails in ways that do not say so. */
export function ensureNode() {
  const [major, minor] = process.versions.node.split(".").map(Number);
  if (major > 20 || (major === 20 && minor >= 19)) return;
  say(`Homebody needs Node 20.19 or newer; this is ${process.versions.node}.`);
  process.exit(1);
}

/** Runs npm install when package files changed since the last one. */
export function ensurePackages() {
  ensureNode();
  const files = ["package.json", "package-lock.json"];
  for (const group of ["packages", "apps"])
    for (const name of readdirSync(join(root, group)).sort()) files.push(join(group, name, "package.json"));
  if (ensureInstalled("npm packages", root, files)) return;
  say("npm install failed. Is the network there?");
  process.exit(1);
}

/** node-llama-cpp's program by platform. It asks for those of all graphics cards too: 600 MB that no test needs. */
const llamaPrograms = {
  "linux-x64": "linux-x64",
  "linux-arm64": "linux-arm64",
  "darwin-arm64": "mac-arm64-metal",
  "darwin-x64": "mac-x64",
  "win32-x64": "win-x64",
  "win32-arm64": "win-arm64",
};

/**
 * What reads exported models elsewhere (llama.cpp, transformers.js), for the tests. Apart from the other packages: 256 MB that only
 * these tests need. Of onnxruntime the program for web pages is enough (its package for Node is replaced in package.json), and no script
 * of a package runs: they would download and compile.
 */
export function ensureConsumers() {
  const folder = join("test", "consumers");
  const { dependencies } = JSON.parse(readFileSync(join(root, folder, "package.json"), "utf8"));
  const program = llamaPrograms[`${process.platform}-${process.arch}`];
  const llama = program ? [`@node-llama-cpp/${program}@${dependencies["node-llama-cpp"]}`] : [];
  const files = ["package.json", "package-lock.json"].map((name) => join(folder, name));
  const args = ["--omit=optional", "--ignore-scripts", ...llama];
  if (ensureInstalled("llama.cpp and transformers.js", join(root, folder), files, args)) return;
  say("npm install failed in test/consumers: tests of exported models are skipped.");
}

/** False where npm failed. `files`: on which it depends, from the root. */
function ensureInstalled(what, folder, files, more = []) {
  const mark = join(folder, "node_modules", ".homebody-installed");
  const wanted = hashOf(files);
  if (existsSync(mark) && readFileSync(mark, "utf8") === wanted) return true;
  say(`Installing ${what} (once) ...`);
  // Not `npm ci`: it insists on binaries of every platform, which some registries do not carry.
  const npm = process.platform === "win32" ? "npm.cmd" : "npm";
  const args = ["install", "--no-save", "--no-audit", "--no-fund", "--loglevel=error", ...more];
  const { status, error } = spawnSync(npm, args, {
    cwd: folder,
    stdio: ["ignore", 2, 2],
    shell: npm !== "npm",
  });
  if (error) say(error.message);
  if (status !== 0) return false;
  writeFileSync(mark, wanted);
  return true;
}

function hashOf(files) {
  const hash = createHash("sha256");
  for (const file of files) if (existsSync(join(root, file))) hash.update(readFileSync(join(root, file)));
  return hash.digest("hex");
}

const chromiumPlaces = [
  "/usr/bin/chromium",
  "/usr/bin/chromium-browser",
  "/usr/bin/google-chrome",
  "/usr/bin/google-chrome-stable",
  "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
  "/Applications/Chromium.app/Contents/MacOS/Chromium",
  "C:\\Program Files\\Google\\Chrome\\Application\\chrome.exe",
];

const firefoxPlaces = [
  "/usr/bin/firefox-esr",
  "/usr/bin/firefox",
  "/Applications/Firefox.app/Contents/MacOS/firefox",
  "C:\\Program Files\\Mozilla Firefox\\firefox.exe",
];

/** The path of a Chromium; installed by the system's package manager where that may be done. */
export function ensureChromium() {
  return ensureBrowser("Chromium", "CHROMIUM_PATH", chromiumPlaces, "chromium");
}

/** As ensureChromium, of Firefox. */
export function ensureFirefox() {
  return ensureBrowser("Firefox", "FIREFOX_PATH", firefoxPlaces, "firefox-esr");
}

/** A browser that the environment names is taken, or none. */
function ensureBrowser(name, variable, places, debian) {
  const given = process.env[variable];
  const find = () => (given ? [given] : places).find((path) => existsSync(path));
  const found = find();
  if (found) return found;
  if (installDebian([debian], `${name} (for the tests in a real browser)`)) {
    const installed = find();
    if (installed) return installed;
  }
  say(`${name} was not found. Install it (Debian: apt install ${debian}), or set ${variable}.`);
  process.exit(1);
}

/** Installs Debian packages as root, or by a sudo that asks nothing; false where neither may be. */
export function installDebian(packages, what) {
  if (spawnSync("apt-get", ["--version"], { stdio: "ignore" }).status !== 0) return false;
  const isRoot = process.getuid?.() === 0;
  const sudo = isRoot ? [] : ["sudo", "-n"];
  if (!isRoot && spawnSync("sudo", ["-n", "true"], { stdio: "ignore" }).status !== 0) return false;
  say(`Installing ${what} by apt-get ...`);
  const apt = (...args) => {
    const [command, ...rest] = [...sudo, "apt-get", ...args];
    const env = { ...process.env, DEBIAN_FRONTEND: "noninteractive" };
    return spawnSync(command, rest, { stdio: ["ignore", "ignore", 2], env }).status === 0;
  };
  const install = () => apt("install", "-y", "-qq", "--no-install-recommends", ...packages);
  return install() || (apt("update", "-qq") && install());
}

/** Builds the web application unless what it is made of is older than the last build. */
export function ensureBuilt() {
  const page = join(root, "apps", "web", "dist", "index.html");
  const sources = ["package.json", "package-lock.json", "vite.config.ts", "build", "apps/web", "packages"];
  const newest = Math.max(...sources.map((path) => newestIn(join(root, path))));
  if (existsSync(page) && statSync(page).mtimeMs >= newest) return;
  say("Building the web application ...");
  const vite = join(root, "node_modules", "vite", "bin", "vite.js");
  const args = [vite, "build", "--logLevel", "warn"];
  const env = { ...process.env, NODE_ENV: "production" }; // a test that starts a server says "test", and React would be built for it
  const { status } = spawnSync(process.execPath, args, { cwd: root, stdio: ["ignore", 2, 2], env });
  if (status !== 0) process.exit(1);
}

function newestIn(path) {
  if (!existsSync(path)) return 0;
  const info = statSync(path);
  if (!info.isDirectory()) return info.mtimeMs;
  const skipped = new Set(["node_modules", "dist", ".tsc", "test"]);
  const children = readdirSync(path).filter((name) => !skipped.has(name));
  return Math.max(0, ...children.map((name) => newestIn(join(path, name))));
}
