// A PostgreSQL for the tests: a private server in a temporary folder, on 127.0.0.1 and a free port.

import { execFileSync, spawn, spawnSync } from "node:child_process";
import { chownSync, existsSync, mkdtempSync, readdirSync, rmSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { installDebian } from "./ensure.mjs";

/** {url, stop()}, or undefined where there is no server (and none may be installed). */
export async function startPostgres({ install }) {
  let programs = findPrograms();
  if (
    programs === undefined &&
    install &&
    installDebian(["postgresql"], "PostgreSQL (for the store's tests)")
  )
    programs = findPrograms();
  if (programs === undefined) return undefined;
  const as = otherUser();
  const folder = mkdtempSync(join(tmpdir(), "homebody-postgres-"));
  if (as !== undefined) chownSync(folder, as.uid, as.gid);
  const options = { ...as, cwd: folder, stdio: "ignore", env: { ...process.env, LC_ALL: "C" } };
  const data = join(folder, "data");
  const initial = ["-D", data, "-U", "homebody", "-A", "trust", "-E", "UTF8"];
  if (spawnSync(programs.initdb, initial, options).status !== 0) {
    rmSync(folder, { recursive: true, force: true });
    return undefined;
  }
  const port = await freePort();
  const server = spawn(
    programs.postgres,
    ["-D", data, "-h", "127.0.0.1", "-p", String(port), "-k", folder],
    options,
  );
  const ended = new Promise((resolve) => server.on("exit", resolve));
  const stop = async () => {
    server.kill("SIGINT"); // fast shutdown
    await ended;
    rmSync(folder, { recursive: true, force: true });
  };
  if (await answers(port, server)) return { url: `postgres://homebody@127.0.0.1:${port}/postgres`, stop };
  await stop();
  return undefined;
}

function findPrograms() {
  const base = "/usr/lib/postgresql";
  const versions = existsSync(base) ? readdirSync(base).sort((a, b) => Number(b) - Number(a)) : [];
  const folders = [...versions.map((version) => join(base, version, "bin")), ...process.env.PATH.split(":")];
  const found = folders.find(
    (folder) => existsSync(join(folder, "initdb")) && existsSync(join(folder, "postgres")),
  );
  return found && { initdb: join(found, "initdb"), postgres: join(found, "postgres") };
}

/** PostgreSQL refuses to run as root. */
function otherUser() {
  if (process.getuid?.() !== 0) return undefined;
  for (const user of ["postgres", "nobody"]) {
    try {
      const id = (flag) => Number(execFileSync("id", [flag, user], { stdio: ["ignore", "pipe", "ignore"] }));
      return { uid: id("-u"), gid: id("-g") };
    } catch {
      // no such user
    }
  }
  return undefined;
}

function freePort() {
  return new Promise((resolve, reject) => {
    const probe = createServer();
    probe.on("error", reject);
    probe.listen(0, "127.0.0.1", () => {
      const { port } = probe.address();
      probe.close(() => resolve(port));
    });
  });
}

/** Waits until a session can be opened, for half a minute at most. */
async function answers(port, server) {
  const { default: pg } = await import("pg");
  for (let tries = 0; tries < 150 && server.exitCode === null; tries++) {
    const client = new pg.Client({ host: "127.0.0.1", port, user: "homebody", database: "postgres" });
    try {
      await client.connect();
      await client.end();
      return true;
    } catch {
      await new Promise((resolve) => setTimeout(resolve, 200));
    }
  }
  return false;
}
