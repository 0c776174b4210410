// In a server process HOMEBODY_FAULT=point[:n] kills it with SIGKILL when it passes the point the n-th time.

import { faultPoints } from "@homebody/service";

/** What HOMEBODY_FAULT asks for, of these points; undefined when it is not set. */
export function faultsFromEnvironment<Point extends string = (typeof faultPoints)[number]>(
  points: readonly Point[] = faultPoints as readonly string[] as readonly Point[],
  value = process.env.HOMEBODY_FAULT,
): ((point: Point) => Promise<void>) | undefined {
  if (value === undefined || value === "") return undefined;
  const match = /^(.*?)(?::(\d+))?$/.exec(value)!;
  const [, point, count = "1"] = match;
  if (!points.includes(point as Point))
    throw new Error(`HOMEBODY_FAULT: expected one of ${points.join(", ")} and :n, got ${value}`);
  let left = Number(count);
  return async (passed) => {
    if (passed !== point || --left > 0) return;
    process.kill(process.pid, "SIGKILL");
    await new Promise(() => {}); // the signal is on its way: nothing further may happen
  };
}
