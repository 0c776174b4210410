// A mixture writes texts, for a student to learn from.

import { random } from "@homebody/base";
import { type Written, write } from "@homebody/mixture";
import { utf8Length } from "@homebody/text";
import { passageBytes } from "../../mixture/passages.ts";
import { bytesWritten, processorTime, tokensRead } from "../distil/names.ts";
import { writeWritten } from "../folder.ts";
import { type Row, tokenAlone } from "../job.ts";
import type { WrittenWork } from "../work.ts";
import { withModels } from "./mixtures.ts";
import { type Made, type Performing, processorSeconds, turn } from "./performing.ts";

export async function writeTexts(work: WrittenWork, performing: Performing): Promise<Made> {
  const { arm, seed, name, mixture, model, bytes } = work;
  return await withModels(mixture, model, performing, async (loaded) => {
    const rule = { kind: "likelihood", share: mixture.share } as const;
    const dice = random(`${seed}/written/${name}`);
    const tokens = () => loaded.reduce((sum, { cost }) => sum + cost.tokens, 0);
    const began = process.cpuUsage();
    const texts: Written[] = [];
    let [size, passed] = [0, 0];
    while (size < bytes) {
      const options = { bytes: passageBytes, dice, breathe: turn };
      const text = await write(
        loaded.map((one) => one.bytes),
        rule,
        options,
      );
      texts.push(text);
      size += utf8Length(text.text);
      performing.passed((tokens() - passed) * tokenAlone);
      passed = tokens();
    }
    const seconds = processorSeconds(began);
    await writeWritten(performing.folder, name, texts);
    const row = (measure: string, value: number): Row => ({
      ...{ arm, seed, phase: `written/${name}`, source: null, step: 0, measure, value },
    });
    return {
      rows: [row(bytesWritten, size), row(tokensRead, tokens()), row(processorTime, seconds)],
      provenance: { from: mixture.from },
    };
  });
}
