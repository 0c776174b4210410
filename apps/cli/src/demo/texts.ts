// The demonstration's text: the Universal Declaration of Human Rights in ten languages and eight scripts, as
// udhr.ts has it. The preamble and each article are a document.

import { declaration } from "../udhr.ts";

export interface DemoSource {
  readonly id: string;
  /** In its own script. */
  readonly title: string;
  readonly language: string;
  /** The declaration's code in `udhr`. */
  readonly code: string;
}

/** In the order in which the volunteers on this machine take them. */
export const demoSources: readonly DemoSource[] = [
  { id: "es", title: "Español", language: "es", code: "spa" },
  { id: "ja", title: "日本語", language: "ja", code: "jpn" },
  { id: "ru", title: "Русский", language: "ru", code: "rus" },
  { id: "ar", title: "العربية", language: "ar", code: "arb" },
  { id: "hi", title: "हिन्दी", language: "hi", code: "hin" },
  { id: "zh", title: "中文", language: "zh", code: "cmn_hans" },
  { id: "ko", title: "한국어", language: "ko", code: "kor" },
  { id: "el", title: "Ελληνικά", language: "el", code: "ell_monotonic" },
  { id: "sw", title: "Kiswahili", language: "sw", code: "swh" },
  { id: "en", title: "English", language: "en", code: "eng" },
];

export const demoDocuments = (source: DemoSource): Promise<readonly string[]> => declaration(source.code);
