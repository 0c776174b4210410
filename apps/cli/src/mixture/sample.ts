// homebody sample --mixture: all models of a run as one go on from a prompt, byte by byte, in whatever language it is.

import { parseArgs } from "node:util";
import { type MixtureTextOptions, mixtureText } from "@homebody/experiment";
import { mixtureOf } from "@homebody/mixture";
import { engineOf } from "../engine.ts";
import { backendName, onlyArgument, positiveNumber, wholeNumber } from "../options.ts";
import { reported } from "../reported.ts";
import { settingOptions, settingsIn } from "../sample/settings.ts";
import { modelsToMix, withLoaded } from "./loaded.ts";

export const mixtureUsage = `homebody sample --mixture DATA|URL [--prompt TEXT] [--bytes N] [--share X] [--temperature X] [--top-k N] [--top-p X]
                [--seed N] [--backend webgpu|wasm]

  --mixture        all models of the run as one, in whatever language the prompt is: each counts by what it gave to the text so
                   far. What is chosen, by temperature and the like, is bytes
  --bytes N        300 at most
  --share X        of all weight is dealt out anew after each byte, so that a text may change its language (0.01)
`;

const settings = ["temperature", "top-k", "top-p", "seed"] as const;

interface Options {
  readonly where: string;
  readonly prompt: string;
  readonly share: number;
  readonly choice: MixtureTextOptions;
  readonly backend: ReturnType<typeof backendName>;
}

export async function sampleMixture(args: readonly string[]): Promise<number> {
  const options = read(args);
  return await reported(async (line, { signal }) => {
    line.show("reading the run");
    const models = await modelsToMix(options.where);
    const engine = engineOf({ backend: options.backend, threads: 1 }, line.show);
    const { device } = await engine();
    await withLoaded(models, device.predictor, async (loaded) => {
      const mixture = mixtureOf(
        loaded.map(({ bytes }) => bytes),
        { kind: "likelihood", share: options.share },
      );
      if (line.live) line.show(""); // the text has the terminal for itself
      process.stdout.write(options.prompt);
      const written = mixtureText(mixture.start(), options.prompt, options.choice);
      for await (const { text } of written) {
        process.stdout.write(text);
        signal.throwIfAborted();
      }
    });
    return "\n";
  });
}

/** Throws an InputError that names the option. */
function read(args: readonly string[]): Options {
  const { values, positionals } = parseArgs({
    args: [...args],
    allowPositionals: true,
    options: {
      mixture: { type: "boolean" },
      prompt: { type: "string", default: "" },
      bytes: { type: "string", default: "300" },
      share: { type: "string", default: "0.01" },
      ...settingOptions(settings),
      backend: { type: "string" },
    },
  });
  return {
    where: onlyArgument("sample --mixture", "a data folder or an address", positionals),
    prompt: values.prompt,
    share: positiveNumber("--share", values.share, 0.5),
    choice: { ...settingsIn(values, settings), bytes: wholeNumber("--bytes", values.bytes, 1, 1_000_000) },
    backend: backendName(values.backend),
  };
}
