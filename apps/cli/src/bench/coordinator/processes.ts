// A process of the bench: it is asked one thing at a time, and ends with the bench.

import { fork } from "node:child_process";
import { basename } from "node:path";
import { fileURLToPath } from "node:url";
import type { Failed } from "./messages.ts";

export interface BenchProcess<Message, Answer> {
  /** Throws where it could not do it, or is gone. */
  ask(message: Message): Promise<Answer>;
  end(): Promise<void>;
  readonly pid: number;
}

export const startProcess = <Message extends object, Answer>(
  name: string,
  environment: Readonly<Record<string, string>> = {},
): BenchProcess<Message, Answer> => processAt(new URL(`./${name}.ts`, import.meta.url), [], environment);

/** `inside`: a command that becomes the one that follows it, such as `nsenter --target 1 --net`. */
export function processAt<Message extends object, Answer>(
  main: URL,
  inside: readonly string[],
  environment: Readonly<Record<string, string>> = {},
): BenchProcess<Message, Answer> {
  const [execPath, ...before] = [...inside, process.execPath];
  const child = fork(fileURLToPath(main), [], {
    execPath: execPath!,
    env: { ...process.env, ...environment },
    execArgv: [...before, ...process.execArgv],
  });
  const name = basename(main.pathname, ".ts");
  const gone = new Promise<never>((_, reject) => {
    child.once("exit", (code, signal) =>
      reject(new Error(`bench: ${name} ended: ${signal ?? `exit code ${code}`}`)),
    );
  });
  gone.catch(() => {}); // heard by whoever waits for an answer
  return {
    ask: async (message) => {
      const answered = new Promise<Answer | Failed>((resolve) => child.once("message", resolve));
      child.send(message);
      const answer = await Promise.race([answered, gone]);
      if (isFailed(answer)) throw new Error(`bench: ${name}: ${answer.failed}`);
      return answer;
    },
    end: async () => {
      if (child.connected) child.disconnect();
      await gone.catch(() => {});
    },
    pid: child.pid!,
  };
}

/** In the process itself, which stays for as long as somebody may ask: what is asked is done and answered. */
export function answer<Message, Answer>(work: (message: Message) => Promise<Answer>): void {
  process.on("message", (message: Message) => {
    work(message).then(
      (done) => process.send!(done),
      (error: Error) => process.send!({ failed: error.stack ?? error.message } satisfies Failed),
    );
  });
  process.on("disconnect", () => process.exit()); // whoever asks is gone, however it went
}

const isFailed = (answer: unknown): answer is Failed =>
  typeof answer === "object" && answer !== null && "failed" in answer;
