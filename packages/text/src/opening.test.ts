import { expect, test } from "vitest";
import { openingOf } from "./opening.ts";
import { packDocuments } from "./shard.ts";
import { trainTokenizer } from "./train-tokenizer.ts";

function openingIn(document: string, vocabulary: number): string {
  const tokenizer = trainTokenizer([document], { vocabulary });
  return openingOf({ tokenizer, heldOut: packDocuments([document], tokenizer, { context: 8, seed: "1" }) });
}

test("a prompt stands ready in the language of the text: whole words, whole characters, one line", () => {
  expect(openingIn("El cuerpo viaja y las palabras se quedan en casa para siempre", 257)).toBe("El cuerpo");
  expect(openingIn("身体は旅をし、言葉は家に残る", 257)).toBe("身体は旅");
  expect(openingIn("short", 257)).toBe("short");
  expect(openingIn("  a b", 257)).toBe("a b");
});
