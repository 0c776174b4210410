// A body by what a person writes for it: a section's file, a model folder, a coordinator's data folder or address, or a random one
// of a run file's model.

import { statSync } from "node:fs";
import { basename, resolve } from "node:path";
import { decodeSafetensors, float32Tensors, InputError, type NamedTensors, sha256Of } from "@homebody/base";
import { exchangeOf, inBody } from "@homebody/dept";
import { randomBody, requireParameters, takeTensors } from "@homebody/experiment";
import { provenanceOf, readModelConfig, readModelWeights } from "@homebody/export";
import { configFromHuggingFace, groupLayout, type ModelConfig, modelConfig } from "@homebody/model";
import type { RunManifest } from "@homebody/protocol";
import { loadRunFile, modelFolder } from "@homebody/server";
import { looksLikeAddress } from "../address.ts";
import { isModelFolder, readBytes } from "./folder.ts";
import { type FoundRun, findRun, isDataFolder } from "./run.ts";

export interface Body {
  readonly theta: NamedTensors;
  /** With a vocabulary of that many tokens. */
  configFor(vocabulary: number): ModelConfig;
  /** How the run trains; undefined where the body does not say. */
  readonly training: Pick<RunManifest["training"], "batch" | "learningRate"> | undefined;
  /** What its config asks of training and no training here does: `resid_pdrop 0.1`. */
  readonly dropout: readonly string[];
  /** Where it comes from, in words of metadata. */
  readonly provenance: Readonly<Record<string, string>>;
}

export const bodyUsage = `  BODY           a section's file (theta.safetensors), a model folder, a coordinator's data folder or URL (its
                 latest body), or random:RUN.yaml: a body of that run's model that has learnt nothing`;

/** Throws an InputError that says what was expected of what was written. */
export async function findBody(written: string): Promise<Body> {
  if (written.startsWith("random:")) return await randomOf(written.slice("random:".length));
  if (looksLikeAddress(written)) return await bodyOfRun(await findRun(written));
  const kind = statSync(written, { throwIfNoEntry: false });
  if (kind === undefined)
    throw new InputError("body", "a file, a folder, a URL or random:RUN.yaml", `nothing at ${written}`);
  if (kind.isFile()) return bodyInFile(basename(written), await readBytes("body", written));
  if (isModelFolder(written)) return await bodyInFolder(written);
  if (isDataFolder(written)) return await bodyOfRun(await findRun(written));
  throw new InputError("body", "a model folder or a coordinator's data folder", `another folder: ${written}`);
}

/** Of a folder that somebody else wrote, too: of its words nothing is read [X20]. */
async function bodyInFolder(path: string): Promise<Body> {
  const folder = await modelFolder(path);
  const { config, dropout } = await readModelConfig(folder);
  const { parameters, metadata, sha256 } = await readModelWeights(folder, config, ["theta"]);
  return {
    theta: parameters.theta!,
    configFor: (vocabulary) => ({ ...config, vocab_size: vocabulary }),
    training: undefined,
    dropout,
    provenance: { ...metadata, model: basename(resolve(path)), model_sha256: sha256 },
  };
}

export async function bodyOfRun({ manifest, body, section }: FoundRun): Promise<Body> {
  const { config } = exchangeOf(manifest);
  return {
    theta: (await section("theta"))!, // every body has one
    configFor: (vocabulary) => ({ ...config, vocab_size: vocabulary }),
    training: manifest.training,
    dropout: [],
    provenance: provenanceOf(manifest, body),
  };
}

function bodyInFile(where: string, bytes: Uint8Array): Body {
  const file = decodeSafetensors(bytes, where);
  const { config: text, format: _format, ...provenance } = file.metadata;
  if (text === undefined)
    throw new InputError(`${where}, metadata`, "a config, as files of a body's sections have", "none");
  let json: Record<string, unknown>;
  try {
    json = JSON.parse(text);
  } catch {
    throw new InputError(`${where}, metadata, config`, "JSON", "something else");
  }
  const configFor = (vocabulary: number) => configFromHuggingFace({ ...json, vocab_size: vocabulary });
  const config = configFor(1); // the body does not depend on it
  const theta = takeTensors(float32Tensors(file), groupLayout(config, "theta"), where);
  requireParameters(config, "theta", theta, where);
  return {
    theta,
    configFor,
    training: undefined,
    dropout: [],
    provenance: { ...provenance, theta_sha256: sha256Of(bytes) },
  };
}

async function randomOf(path: string): Promise<Body> {
  const { file } = await loadRunFile(path, null);
  const configFor = (vocabulary: number) =>
    modelConfig(file.model as Parameters<typeof modelConfig>[0], vocabulary);
  const { training } = file;
  const theta = inBody(file, randomBody(configFor(1), String(training.seed))); // body 0 of that run
  return { theta, configFor, training, dropout: [], provenance: { run_name: file.name, body: "random" } };
}
