// Ending a process of ours: it is asked to, and killed when it takes too long.

import type { ChildProcess } from "node:child_process";

/** Resolves when it is gone, also where it was before. */
export async function ended(child: ChildProcess, patienceMs: number): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  await new Promise<void>((resolve) => {
    const late = setTimeout(() => child.kill("SIGKILL"), patienceMs);
    child.on("exit", () => {
      clearTimeout(late);
      resolve();
    });
    child.kill("SIGTERM");
  });
}
