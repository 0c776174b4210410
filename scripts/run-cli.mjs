// Runs apps/cli from its TypeScript source, hands it every signal, and ends as it ends. Where this is gone without a word, or
// the shell that npm ran it in is, the command ends too: nobody would be left who could stop it.

import { spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { root } from "./ensure.mjs";

export function runCli(args) {
  const main = join(root, "apps", "cli", "src", "main.ts");
  const cwd = process.env.INIT_CWD ?? process.cwd(); // npm runs scripts at the root; paths are the caller's
  const loader = import.meta.resolve("./typescript.mjs");
  // Multiply and add in one instruction: Node 20 knows how, newer ones do it by themselves.
  const simd = process.versions.node.startsWith("20.") ? ["--experimental-wasm-relaxed-simd"] : [];
  const child = spawn(process.execPath, [...simd, ...heapFor(args), "--import", loader, main, ...args], {
    cwd,
    stdio: ["inherit", "inherit", "inherit", "ipc"], // it ends with the channel (apps/cli/src/parent.ts)
    env: withVulkan(process.env),
  });
  // Ctrl-C reaches the child by itself too: the command line takes a signal that comes twice at once as one.
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"]) process.on(signal, () => child.kill(signal));
  const watch =
    process.env.npm_lifecycle_event === undefined ? undefined : whenOrphaned(() => child.kill("SIGTERM"));
  child.on("exit", (code, signal) => {
    clearInterval(watch);
    process.exitCode = code ?? (signal === "SIGINT" ? 130 : 1);
  });
}

/** npm hands a signal to its shell alone, and some shells end without their command. */
function whenOrphaned(end) {
  const { ppid } = process;
  const watch = setInterval(() => {
    if (process.ppid === ppid) return;
    clearInterval(watch); // a second signal would mean "now"
    end();
  }, 200);
  return watch;
}

/** Thousands of volunteers in one process make much that soon goes, and keep more than Node would let them. */
function heapFor([command]) {
  const young = ["--min-semi-space-size=256", "--max-semi-space-size=512"];
  return command === "simulate" ? [...young, "--max-old-space-size=16384"] : [];
}

/** WebGPU in Node wants a Vulkan loader: where the system has none, Chromium brings one. */
function withVulkan(env) {
  const folder = "/usr/lib/chromium";
  if (!existsSync(join(folder, "libvulkan.so.1"))) return env;
  return { ...env, LD_LIBRARY_PATH: [env.LD_LIBRARY_PATH, folder].filter(Boolean).join(":") };
}
