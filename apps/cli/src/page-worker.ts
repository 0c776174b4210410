// A worker in a page of ours that answers what the command asks (in-chromium.ts).

export type Answer<Result> = { readonly result: Result } | { readonly error: string };

export function serveAnswers<Request, Result>(work: (request: Request) => Promise<Result>): void {
  addEventListener("message", ({ data }: MessageEvent<Request>) => {
    work(data).then(
      (result) => postMessage({ result }),
      (error: unknown) => postMessage({ error: String(error) }),
    );
  });
}
