import { millis } from "@homebody/base";
import { type Fact, figuresOf } from "@homebody/coordinator";
import { expect, test } from "vitest";
import { journal, languages, manifest, presence } from "../../story/scenes.ts";
import { namesOf } from "../run/source-names.ts";
import { eventWords, groupOf } from "./event-sentences.ts";
import { peopleOf, shareOf } from "./people.ts";

const now = millis(2_000_000_000_000);
const run = manifest();
const entries = journal(run, 2, now);
const figures = figuresOf(entries)!;
const here = presence(run, 3, now);

test("a volunteer's state is joined from presence and the open round", () => {
  const people = peopleOf(figures, here);
  expect(people).toHaveLength(here.volunteers.length);
  const states = Object.fromEntries(people.map(({ volunteer, state }) => [volunteer, state]));
  const of = (i: number) => states[here.volunteers[i]!.volunteer];
  expect([of(0), of(1), of(2)]).toEqual(["delivered", "delivered", "delivered"]);
  expect(of(3)).toBe("in-round");
  expect(of(languages.length + 2)).toBe("preparing");
  expect(of(languages.length + 3)).toBe("gone");
  expect(people.at(-1)?.state).toBe("gone");
  expect(people.find(({ state }) => state === "preparing")?.progress?.stage).toBe("prepare");
  const ready = { ...here, volunteers: here.volunteers.map((each) => ({ ...each, ready: true })) };
  expect(peopleOf(figures, ready).filter(({ state }) => state === "waits")).toHaveLength(1);
});

test("progress is a share, and full once the delta is in", () => {
  const people = peopleOf(figures, here);
  for (const person of people) {
    const share = shareOf(person);
    if (person.state === "delivered") expect(share).toBe(1);
    if (person.state === "gone") expect(share).toBeNull();
  }
});

test("progress is of what somebody does now, and not of what is done", () => {
  const stagesOf = (state: string, change: object = {}, of = figures) => {
    const volunteers = here.volunteers.map((one) => ({
      ...one,
      progress: one.progress && { ...one.progress, ...change },
    }));
    const people = peopleOf(of, { ...here, volunteers }).filter((person) => person.state === state);
    expect(people.length).toBeGreaterThan(0);
    return [...new Set(people.map(({ progress }) => progress?.stage))];
  };
  expect(stagesOf("in-round")).toEqual(["train"]);
  expect(stagesOf("in-round", { round: figures.round - 1 })).toEqual([undefined]);
  expect(stagesOf("delivered")).toEqual([undefined]);
  expect(stagesOf("ready", {}, { ...figures, phase: "gathering" })).toEqual([undefined]);
  expect(stagesOf("ready", { stage: "evaluate" }, { ...figures, phase: "evaluating" })).toEqual(["evaluate"]);
});

test("a round waits for whom it counts on though the connection is lost, and not for whose delta is in", () => {
  const lost = { ...here, volunteers: here.volunteers.map((one) => ({ ...one, connected: false })) };
  const states = (of: typeof figures) => new Set(peopleOf(of, lost).map(({ state }) => state));
  expect(states(figures)).toEqual(new Set(["delivered", "missing", "gone"]));
  expect(states({ ...figures, phase: "gathering" })).toEqual(new Set(["gone"]));
});

test("outside a round nobody is in it", () => {
  const published = figuresOf(
    entries.slice(0, entries.findLastIndex(({ fact }) => fact.kind === "published") + 1),
  )!;
  const states = new Set(peopleOf(published, here).map(({ state }) => state));
  expect(states).toEqual(new Set(["ready", "preparing", "gone"]));
});

test("every fact of a journal has a sentence and a group", () => {
  const more: Fact[] = [
    { kind: "lapsed", round: 3 },
    { kind: "left", volunteer: here.volunteers[0]!.volunteer },
    { kind: "ending" },
    { kind: "evaluating", expected: [], deadline: now },
    { kind: "finished", reason: "admin" },
    { kind: "restarted", deadline: null },
    { kind: "changed", schema: 1, manifest: run },
    { kind: "removed", volunteer: here.volunteers[0]!.volunteer },
  ];
  const nameOf = namesOf(figures.sources);
  const kinds = new Set<string>();
  for (const fact of [...entries.map((entry) => entry.fact), ...more]) {
    kinds.add(fact.kind);
    expect(eventWords(fact, nameOf)).toMatch(/^[A-Z].*\.$/);
    expect(groupOf(fact)).toMatch(/^(rounds|deltas|evaluations|host)$/);
  }
  expect(kinds.size).toBeGreaterThanOrEqual(13);
  const of = (kind: Fact["kind"]) => entries.find(({ fact }) => fact.kind === kind)!.fact;
  expect(eventWords(of("evaluated"), () => "Parish letters")).toContain("on Parish letters:");
  expect(eventWords(of("accepted"), () => "Parish letters")).toContain("(Parish letters) delivers");
});
