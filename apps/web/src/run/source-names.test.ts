import { expect, test } from "vitest";
import { distinctNames, languageBeside, namesOf } from "./source-names.ts";

const source = (id: string, title: string, language: string) => ({ id, title, language });

test("two sources of one language are told apart by their titles, two of one title by their ids", () => {
  const club = [source("en", "Parish letters", "en"), source("club", "Minutes of the club", "en")];
  expect(distinctNames(club)).toEqual(["Parish letters", "Minutes of the club"]);
  expect(distinctNames([...club, source("en-2", "Parish letters", "en")])).toEqual([
    "Parish letters (en)",
    "Minutes of the club",
    "Parish letters (en-2)",
  ]);
  expect(["club", "gone"].map(namesOf(club))).toEqual(["Minutes of the club", "gone"]);
});

test("a language stands beside the title, unless that is its name", () => {
  expect(languageBeside(source("ja", "新聞", "ja"))).toBe("日本語");
  expect(languageBeside(source("es", "Español", "es"))).toBeNull();
  expect(languageBeside(source("ja", "Japanese", "ja"))).toBeNull();
  expect(languageBeside(source("en", "Letters in English", "en"))).toBe("English");
});
