// A vocabulary as Hugging Face's tokenizer.json, and back: what their libraries load without a line of ours.
//
// Only this one kind of tokenizer is read: byte-level BPE without a prefix space, one end-of-document token.

import { InputError } from "@homebody/base";
import { bytesOfCharacters, charactersOf } from "./byte-characters.ts";
import { endOfDocumentText, largestVocabulary, type Merge, type Vocabulary } from "./vocabulary.ts";

export function vocabularyJson({ tokens, endOfDocument, merges }: Vocabulary): string {
  const names = tokens.map((bytes, id) => (id === endOfDocument ? endOfDocumentText : charactersOf(bytes)));
  const file = {
    version: "1.0",
    truncation: null,
    padding: null,
    added_tokens: [
      {
        id: endOfDocument,
        content: endOfDocumentText,
        single_word: false,
        lstrip: false,
        rstrip: false,
        normalized: false,
        special: true,
      },
    ],
    normalizer: null,
    pre_tokenizer: { type: "ByteLevel", add_prefix_space: false, trim_offsets: true, use_regex: true },
    post_processor: { type: "ByteLevel", add_prefix_space: true, trim_offsets: false, use_regex: true },
    decoder: { type: "ByteLevel", add_prefix_space: true, trim_offsets: true, use_regex: true },
    model: {
      type: "BPE",
      dropout: null,
      unk_token: null,
      continuing_subword_prefix: null,
      end_of_word_suffix: null,
      fuse_unk: false,
      byte_fallback: false,
      ignore_merges: false,
      vocab: "vocabulary",
      merges: merges.map(({ left, right }) => [names[left], names[right]]),
    },
  };
  // An object would move names such as "0" to the front; the file has the tokens in the order of their ids.
  const entries = names.map((name, id) => `${JSON.stringify(name)}:${id}`);
  return JSON.stringify(file).replace('"vocab":"vocabulary"', () => `"vocab":{${entries.join(",")}}`);
}

type Json = Readonly<Record<string, unknown>>;

export function vocabularyFromJson(json: string, where = "tokenizer.json"): Vocabulary {
  let file: Json;
  try {
    file = object(JSON.parse(json), where);
  } catch (error) {
    if (error instanceof InputError) throw error;
    throw new InputError(where, "JSON", (error as Error).message);
  }
  const model = object(file.model, `${where}, model`);
  const before = object(file.pre_tokenizer, `${where}, pre_tokenizer`);
  expectValue(model.type ?? "BPE", "BPE", `${where}, model.type`); // older files leave it out
  expectValue(before.type, "ByteLevel", `${where}, pre_tokenizer.type`);
  expectValue(before.add_prefix_space, false, `${where}, pre_tokenizer.add_prefix_space`);
  expectValue(before.use_regex ?? true, true, `${where}, pre_tokenizer.use_regex`);
  expectValue(file.normalizer ?? null, null, `${where}, normalizer`);
  expectValue(model.ignore_merges ?? false, false, `${where}, model.ignore_merges`);
  const added: unknown[] = Array.isArray(file.added_tokens) ? file.added_tokens : [];
  if (added.length !== 1) throw new InputError(`${where}, added_tokens`, "one token", `${added.length}`);
  const end = object(added[0], `${where}, added_tokens.0`);

  const ids = new Map<string, number>();
  const tokens: Uint8Array[] = [];
  for (const [name, id] of Object.entries(object(model.vocab, `${where}, model.vocab`))) {
    const at = `${where}, model.vocab, ${JSON.stringify(name)}`;
    if (typeof id !== "number" || !Number.isInteger(id) || id < 0 || id >= largestVocabulary)
      throw new InputError(at, `an id from 0 to ${largestVocabulary - 1}`, JSON.stringify(id));
    if (tokens[id]) throw new InputError(at, "an id of its own", `${id} again`);
    const bytes = name === end.content ? new Uint8Array(0) : bytesOfCharacters(name);
    if (bytes === undefined || (bytes.length === 0 && name !== end.content))
      throw new InputError(at, "characters that stand for bytes", "others");
    tokens[id] = bytes;
    ids.set(name, id);
  }
  for (let id = 0; id < tokens.length; id++)
    if (tokens[id] === undefined) throw new InputError(`${where}, model.vocab`, `a token ${id}`, "none");
  const endOfDocument = ids.get(String(end.content));
  if (endOfDocument === undefined || endOfDocument !== end.id)
    throw new InputError(
      `${where}, added_tokens.0`,
      "a token of the vocabulary",
      JSON.stringify(end.content),
    );

  const list: unknown[] = Array.isArray(model.merges) ? model.merges : [];
  const merges = list.map((item, rank): Merge => {
    const at = `${where}, model.merges.${rank}`;
    const [a, b] = typeof item === "string" ? item.split(" ") : Array.isArray(item) ? item : [];
    const [left, right, into] = [ids.get(a), ids.get(b), ids.get(`${a}${b}`)];
    if (left === undefined || right === undefined || into === undefined)
      throw new InputError(at, "two tokens whose bytes together are a third", JSON.stringify(item));
    return { left, right, into };
  });
  return { tokens, endOfDocument, merges };
}

function object(value: unknown, where: string): Json {
  if (typeof value === "object" && value !== null && !Array.isArray(value)) return value as Json;
  throw new InputError(
    where,
    "an object",
    value === undefined ? "nothing" : JSON.stringify(value).slice(0, 40),
  );
}

function expectValue(got: unknown, expected: unknown, where: string): void {
  if (got !== expected)
    throw new InputError(where, JSON.stringify(expected), JSON.stringify(got) ?? "nothing");
}
