// Named points at which a test may stop the coordinator dead: between any two of them, nothing that was
// acknowledged may be lost. In a server process HOMEBODY_FAULT=point[:n] kills it with SIGKILL at the n-th pass.

export const faultPoints = [
  "commit:before-blob",
  "commit:after-blob",
  "commit:after-journal",
  "commit:before-ack",
  "commit:after-ack",
  "close:before",
  "close:after-fact",
  "close:after-aggregate",
  "publish:after-blob",
  "publish:after-journal",
  "join:before-fact",
] as const;
export type FaultPoint = (typeof faultPoints)[number];
export type Faults = (point: FaultPoint) => void | Promise<void>;

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
