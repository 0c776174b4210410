// What the study `dept` finds, as sentences with their numbers.

import { arms, scratch } from "../arms.ts";
import { count, million } from "../described.ts";
import type { Row } from "../job.ts";
import type { Plan } from "../plan.ts";
import type { Finding } from "../report/report.ts";
import { bySeed, gains, mean, percent, valuesOf, verdictOf } from "../report/statistics.ts";
import { bits, fresh, kept } from "./measures.ts";

const heights = ["lower", "higher"] as const;

export function deptFindings(plan: Plan, rows: readonly Row[]): readonly Finding[] {
  const seen = plan.sources.map(({ id }) => id);
  const unseen = plan.unseen.map(({ id }) => id);
  const score = (arm: string, sources = seen, phase = fresh, measure = bits) =>
    bySeed(rows, { arm, phase, measure }, sources);
  const best = (ids: readonly string[], sources = seen) => bestOf(ids, (id) => score(id, sources));
  const variants = ["glob", "trim", "spec", "spec-opt"];
  const [dept, std] = [best(variants), best(["std-0", "std-1", "act"])];
  const longer = best(["std-0-long", "std-1-long"]);
  const findings: Finding[] = [];

  const compare = (a: string, b: string, sources = seen) => {
    const bitsGain = gains(score(a, sources), score(b, sources));
    const perplexity = gains(score(a, sources, fresh, "perplexity"), score(b, sources, fresh, "perplexity"));
    return { bitsGain, perplexity };
  };
  const steps = compare(dept, std);
  findings.push({
    verdict: verdictOf(steps.bitsGain),
    text:
      `At equal steps the best DEPT body (${titleOf(dept)}) needs ${percent(mean(steps.bitsGain))} bits per byte than the best ordinary one (${titleOf(std)}); ` +
      `perplexity is ${percent(mean(steps.perplexity), heights)}. The paper has 10 to 17 % lower perplexity.`,
  });
  const tokens = compare(dept, longer);
  findings.push({
    verdict: "note",
    text: `At equal tokens it is another question, which the paper does not ask: ${titleOf(dept)} needs ${percent(mean(tokens.bitsGain))} bits per byte than ${titleOf(longer)}, which reads as much text in ${plan.sources.length} times as many steps, and so talks ${plan.sources.length} times as long.`,
  });
  const control = compare(dept, "local");
  findings.push({
    verdict: "note",
    text: `What of it is averaging, and what is separate sources? Against Local SGD, which averages as often but mixes all sources on every device, ${titleOf(dept)} needs ${percent(mean(control.bitsGain))} bits per byte.`,
  });
  const means = variants.map((id) => mean(valuesOf(score(id))));
  const spread = Math.max(...means) / Math.min(...means) - 1;
  findings.push({
    verdict: plan.seeds < 2 ? "undecided" : spread <= 0.1 ? "as in the paper" : "not as in the paper",
    text: `The four variants are within ${(100 * spread).toFixed(1)} % of each other (paper: about 5 % in perplexity).`,
  });
  if (unseen.length > 0) {
    const [spec, others] = [best(["spec", "spec-opt"], unseen), best(["glob", "trim"], unseen)];
    const out = compare(spec, others, unseen);
    const against = compare(spec, best(["std-0", "std-1", "act"], unseen), unseen);
    findings.push({
      verdict: verdictOf(out.bitsGain),
      text:
        `On sources that no body has seen, ${titleOf(spec)} needs ${percent(mean(out.bitsGain))} bits per byte than ${titleOf(others)}, ` +
        `and ${percent(mean(against.bitsGain))} than the best ordinary body at equal steps. In the paper SPEC is first there.`,
    });
  }
  const floor = compare(dept, scratch.id);
  findings.push({
    verdict: "note",
    text: `Without any pre-training the second phase alone reaches ${mean(valuesOf(score(scratch.id))).toFixed(3)} bits per byte; ${titleOf(dept)} needs ${percent(mean(floor.bitsGain))}. That is how much room there is for differences at all.`,
  });
  const glob = gains(score("glob", seen, kept), score("std-0", seen, kept));
  findings.push({
    verdict: verdictOf(glob),
    text: `With the embeddings that were trained instead of random ones, GLOB needs ${percent(mean(glob))} bits per byte than STD τ 0 at equal steps (paper: a little lower for GLOB, mixed for TRIM).`,
  });
  const ownRows = plan.scale.globalVocabulary / plan.scale.ownVocabulary;
  findings.push({
    verdict: "as in the paper",
    text: `A device of SPEC-OPT holds ${million(count(plan, "phi", plan.scale.ownVocabulary))} numbers of embedding instead of ${million(count(plan, "phi"))}: ${ownRows} times fewer (paper: 5 times). This is arithmetic, not chance.`,
  });
  return findings;
}

const titleOf = (id: string): string => [...arms, scratch].find((arm) => arm.id === id)!.title;

/** The arm with the lowest mean. */
function bestOf(ids: readonly string[], score: (id: string) => ReadonlyMap<number, number>): string {
  const means = new Map(ids.map((id) => [id, mean(valuesOf(score(id)))]));
  return ids.reduce((best, id) => (means.get(id)! < means.get(best)! ? id : best));
}
