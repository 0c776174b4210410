// What a helper does in its thread: see helper.ts.

import { stepSettings, whole } from "@homebody/kernels";
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
      const transfer = result.gradients === null ? [] : [result.gradients.buffer as ArrayBuffer];
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
  { space, model, arrangement, startGradients, losses }: Engine,
  { values, batch, share, gradient }: HelperWork,
): Promise<HelperResult> {
  if (values !== null) space.write(whole(model.values), values);
  const settings = stepSettings({ share, learningRate: 0, decay: 0, step: 1 }, { beta1: 0, beta2: 0 });
  space.write(whole(model.settings), settings);
  if (gradient) {
    const { first } = startGradients(batch);
    return {
      loss: await first.sumOfLosses(),
      gradients: await space.read(whole(model.gradients), arrangement.size),
    };
  }
  return { loss: await losses(batch), gradients: null };
}
