/** The part of a Worker that is used: what is asked of it, and what it says. */
export interface WorkerLike<Request, Message> {
  postMessage(request: Request): void;
  addEventListener(kind: "message", listener: (event: MessageEvent<Message>) => void): void;
  addEventListener(kind: "error", listener: (event: ErrorEvent) => void): void;
  terminate(): void;
}
