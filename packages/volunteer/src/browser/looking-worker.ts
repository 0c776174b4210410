// Looks at files, in a thread of its own.

import { lookAt } from "../looking.ts";
import { fileOf } from "./file.ts";
import type { LookMessage, LookRequest } from "./looking.ts";

const post = (message: LookMessage) => postMessage(message);

addEventListener("message", ({ data: { files, asked } }: MessageEvent<LookRequest>) => {
  lookAt(files.map(fileOf), asked).then(
    (look) => post({ look }),
    (error: unknown) => post({ failed: error instanceof Error ? error.message : String(error) }),
  );
});
