// What sources are called on the pages: a title leads, since two may be of one language.

import { englishName, ownName } from "../format/languages.ts";

interface Named {
  readonly id: string;
  readonly title: string;
  readonly language: string;
}

/** A source is called by its title; two of one title are told apart by their ids. */
export function distinctNames(sources: readonly Named[]): readonly string[] {
  const titles = sources.map(({ title }) => title);
  return sources.map(({ id, title }) =>
    titles.indexOf(title) === titles.lastIndexOf(title) ? title : `${title} (${id})`,
  );
}

/** By id; what is no source of these is called by its id. */
export function namesOf(sources: readonly Named[]): (source: string) => string {
  const names = distinctNames(sources);
  return (source) => names[sources.findIndex(({ id }) => id === source)] ?? source;
}

/** The language in its own script, for beside the title; null where the title is just that. */
export function languageBeside({ title, language }: Omit<Named, "id">): string | null {
  const own = ownName(language);
  const said = [own, englishName(language)].some((name) => name.toLowerCase() === title.toLowerCase());
  return said ? null : own;
}
