// Why bytes are not a delta: a closed set of words, for the side that refuses and the side that is told.

export type DeltaFault = "format" | "version" | "codec" | "size" | "layout" | "not-finite";

export class DeltaError extends Error {
  readonly reason: DeltaFault;

  constructor(reason: DeltaFault, message: string) {
    super(`delta: ${message}`);
    this.name = "DeltaError";
    this.reason = reason;
  }
}
