// Performs a job by its kind.

import type { Folder } from "../folder.ts";
import { type Job, type JobResult, totalTokens } from "../job.ts";
import { trainAttacked } from "./attacked.ts";
import { measureExposure } from "./exposure.ts";
import { trainFederated } from "./federated.ts";
import { measurePassages } from "./passages.ts";
import type { Made, Performing } from "./performing.ts";
import { reconstruct } from "./reconstruct.ts";
import { trainOn, trainStandard } from "./standard.ts";
import { trainStudent } from "./student.ts";
import { dealTexts, makeText, makeTokenizer } from "./texts.ts";
import { measureTraffic } from "./traffic.ts";
import { trainUnseen } from "./unseen.ts";
import { writeTexts } from "./written.ts";

/** The backend has to be started. */
export async function perform(
  job: Job,
  folder: Folder,
  progress: (share: number) => void,
): Promise<JobResult> {
  const began = performance.now();
  const of = Math.max(1, totalTokens([job]));
  let passed = 0;
  const made = await performWork(job, {
    folder,
    id: job.id,
    passed: (tokens) => {
      passed += tokens;
      progress(Math.min(1, passed / of));
    },
  });
  return { id: job.id, ...made, seconds: (performance.now() - began) / 1000 };
}

function performWork({ work }: Job, performing: Performing): Promise<Made> {
  switch (work.kind) {
    case "attacked":
      return trainAttacked(work, performing);
    case "tokenizer":
      return makeTokenizer(work, performing);
    case "text":
      return makeText(work, performing);
    case "deal":
      return dealTexts(work, performing);
    case "federated":
      return trainFederated(work, performing);
    case "standard":
      return trainStandard(work, performing);
    case "adapted":
      return trainOn(work, performing);
    case "exposure":
      return measureExposure(work, performing);
    case "passages":
      return measurePassages(work, performing);
    case "reconstruct":
      return reconstruct(work, performing);
    case "student":
      return trainStudent(work, performing);
    case "traffic":
      return measureTraffic(work, performing);
    case "unseen":
      return trainUnseen(work, performing);
    case "written":
      return writeTexts(work, performing);
    default:
      throw new Error(`work: expected a known kind, got ${JSON.stringify(work satisfies never)}`);
  }
}
