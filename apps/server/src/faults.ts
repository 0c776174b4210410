// In a server process HOMEBODY_FAULT=point[:n] kills it with SIGKILL when it passes the point the n-th time.

import { type FaultPoint, type Faults, faultPoints } from "@homebody/service";

/** What HOMEBODY_FAULT asks for; undefined when it is not set. */
export function faultsFromEnvironment(value = process.env.HOMEBODY_FAULT): Faults | undefined {
  if (value === undefined || value === "") return undefined;
  const match = /^(.*?)(?::(\d+))?$/.exec(value)!;
  const [, point, count = "1"] = match;
  if (!faultPoints.includes(point as FaultPoint))
    throw new Error(`HOMEBODY_FAULT: expected one of ${faultPoints.join(", ")} and :n, got ${value}`);
  let left = Number(count);
  return async (passed) => {
    if (passed !== point || --left > 0) return;
    process.kill(process.pid, "SIGKILL");
    await new Promise(() => {}); // the signal is on its way: nothing further may happen
  };
}
