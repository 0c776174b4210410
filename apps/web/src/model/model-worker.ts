// Makes one model as a file, beside whatever the volunteer's worker does: of what this device keeps, or of what the run serves.

import { InputError } from "@homebody/base";
import { type Format, formats, modelOfDevice } from "@homebody/export";
import { diskOf } from "@homebody/volunteer/kept";
import { ownModel } from "@homebody/volunteer/own-model";
import type { MadeModel, ModelMessage, ModelRequest } from "./requests.ts";
import { modelOfRun, type RunModel } from "./run-model.ts";
import { zipped } from "./zip.ts";

addEventListener("message", ({ data }: MessageEvent<ModelRequest>) => {
  made(data).then(
    (made) => post({ made }),
    (error: unknown) => post({ failed: error instanceof Error ? error.message : String(error) }),
  );
});

const post = (message: ModelMessage) => postMessage(message);

async function made(request: ModelRequest): Promise<MadeModel> {
  const format = formats.find(({ name }) => name === request.format)!;
  const { model, card } =
    request.kind === "own"
      ? await own(request, format)
      : await modelOfRun(request.figures, request.source, { download, format });
  const name = nameOf(model.provenance, format);
  return { name: `${name}.zip`, file: zipped(format.files(model, card), name) };
}

async function own(of: Extract<ModelRequest, { kind: "own" }>, format: Format): Promise<RunModel> {
  const kept = await ownModel(await diskOf(of));
  if (kept !== undefined) return modelOfDevice(kept, format);
  throw new Error("There is none yet: it takes a body, and words that this device has trained.");
}

async function download(path: string): Promise<Uint8Array> {
  const response = await fetch(path);
  if (!response.ok) throw new InputError(path, "the file", `status ${response.status}`);
  return new Uint8Array(await response.arrayBuffer());
}

/** `neighbours-languages-es-body-12-hf` */
function nameOf({ run_name, source, body }: Readonly<Record<string, string>>, { name }: Format): string {
  const words = (run_name ?? "")
    .toLowerCase()
    .normalize("NFKD")
    .replace(/[^a-z0-9]+/g, "-");
  const run = words.replace(/^-+|-+$/g, "").slice(0, 40) || "homebody";
  return [run, ...(source === undefined ? [] : [source]), `body-${body}`, name].join("-");
}
