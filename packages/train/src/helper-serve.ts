// What a helper does in its thread: see helper.ts.

import { whole } from "@homebody/kernels";
import { createEngine, type Engine } from "./engine.ts";
import type { FromHelper, HelperResult, HelperWork, ToHelper, Wire } from "./helper.ts";
import { startWasm } from "./wasm.ts";

export function serveHelper(wire: Wire<FromHelper, ToHelper>): void {
  let engine: Engine | undefined;
  let tail: Promise<void> = Promise.resolve();
  const handle = async (message: ToHelper): Promise<void> => {
    if (message.kind === "start") {
      await startWasm(message.paths);
      wire.post({ kind: "ready" }, []);
    }
    if (message.kind === "begin" || message.kind === "end") engine?.dispose();
    if (message.kind === "begin") engine = createEngine(message.options);
    if (message.kind === "end") engine = undefined;
    if (message.kind === "work" && engine !== undefined) {
      const result = await perform(engine, message.work);
      const transfer = (result.gradients ?? []).map(({ buffer }) => buffer as ArrayBuffer);
      wire.post({ kind: "done", id: message.id, result }, transfer);
    }
  };
  wire.onMessage((message) => {
    tail = tail
      .then(() => handle(message))
      .catch((error: unknown) => {
        const id = message.kind === "work" ? message.id : null;
        wire.post(
          { kind: "failed", id, message: error instanceof Error ? error.message : String(error) },
          [],
        );
      });
  });
}

async function perform(
  { space, model, writeSettings, startGradients, readGradients, losses }: Engine,
  { values, batch, share, moving }: HelperWork,
): Promise<HelperResult> {
  if (values !== null) space.write(whole(model.values), values);
  writeSettings(share);
  if (moving === null) return { loss: await losses(batch), gradients: null };
  const ready = startGradients(batch, moving);
  return { loss: await ready.sumOfLosses(), gradients: await readGradients(moving) };
}
