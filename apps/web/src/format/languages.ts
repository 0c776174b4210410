// A language by its own name, in its own script: 日本語, Español, Русский.

/** The tag itself where the browser does not know the language. */
export function ownName(tag: string): string {
  try {
    const name = new Intl.DisplayNames([tag, "en"], { type: "language" }).of(tag) ?? tag;
    return name.slice(0, 1).toLocaleUpperCase(tag) + name.slice(1);
  } catch {
    return tag; // not a language tag after all
  }
}

export function englishName(tag: string): string {
  try {
    return new Intl.DisplayNames(["en"], { type: "language" }).of(tag) ?? tag;
  } catch {
    return tag;
  }
}
