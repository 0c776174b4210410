// Named points at which a test may stop the coordinator dead: between any two of them, nothing that was acknowledged may
// be lost.

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
