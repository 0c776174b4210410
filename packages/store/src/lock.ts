// One coordinator a folder: a lock that names its owner.
//
// The lock is a file with pid and port, made whole under its name by a hard link, which fails if one is there. An owner
// that is gone (kill -9, power cut) does not block: a pid that does not run, or runs since another time, is gone.

import { randomUUID } from "node:crypto";
import { link, readFile, rename, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";

export interface Owner {
  readonly pid: number;
  readonly port: number;
}

export interface FolderLock {
  release(): Promise<void>;
}

export class FolderInUse extends Error {
  readonly owner: Owner;

  constructor(folder: string, owner: Owner) {
    super(
      `${folder} is in use by another coordinator (process ${owner.pid}, port ${owner.port}): ` +
        "stop that one, or give this one a folder of its own",
    );
    this.name = "FolderInUse";
    this.owner = owner;
  }
}

const attempts = 5;

export async function lockFolder(folder: string, owner: Owner): Promise<FolderLock> {
  const path = join(folder, "lock");
  const part = join(folder, `lock.${randomUUID()}.part`);
  const text = JSON.stringify({ ...owner, startedAt: await startOf(owner.pid) });
  await writeFile(part, text, { mode: 0o600 });
  try {
    for (let attempt = 0; attempt < attempts; attempt++) {
      try {
        await link(part, path);
        return { release: () => release(path, text) };
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error;
      }
      const found = await readFile(path, "utf8").catch(() => "");
      const held = parse(found);
      if (held !== undefined && (await isAlive(held))) throw new FolderInUse(folder, held);
      await removeStale(path, found);
    }
    throw new Error(`${path}: expected a lock within ${attempts} attempts, got none`);
  } finally {
    await rm(part, { force: true });
  }
}

interface Held extends Owner {
  readonly startedAt: string | null;
}

function parse(text: string): Held | undefined {
  try {
    const { pid, port, startedAt } = JSON.parse(text) as Partial<Held>;
    if (typeof pid !== "number" || typeof port !== "number") return undefined;
    return { pid, port, startedAt: startedAt ?? null };
  } catch {
    return undefined;
  }
}

async function isAlive({ pid, startedAt }: Held): Promise<boolean> {
  try {
    process.kill(pid, 0);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ESRCH") return false;
  }
  const now = await startOf(pid);
  return startedAt === null || now === null || now === startedAt;
}

/** When a process began, where the system tells (Linux): pids are used again. */
async function startOf(pid: number): Promise<string | null> {
  try {
    const line = await readFile(`/proc/${pid}/stat`, "utf8");
    return line.slice(line.lastIndexOf(")") + 2).split(" ")[19] ?? null;
  } catch {
    return null;
  }
}

/** Only the lock that was judged: one that somebody made in between is put back. */
async function removeStale(path: string, judged: string): Promise<void> {
  const aside = `${path}.${randomUUID()}.stale`;
  try {
    await rename(path, aside);
  } catch {
    return;
  }
  const taken = await readFile(aside, "utf8").catch(() => "");
  if (taken !== judged) await link(aside, path).catch(() => {});
  await rm(aside, { force: true });
}

async function release(path: string, mine: string): Promise<void> {
  const found = await readFile(path, "utf8").catch(() => undefined);
  if (found === mine) await rm(path, { force: true });
}
