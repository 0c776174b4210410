import fc from "fast-check";
import { expect, test } from "vitest";
import { countedLength, utf8Length } from "./utf8.ts";

test("UTF-8 is measured without being written", () => {
  fc.assert(
    fc.property(fc.string({ unit: "binary" }), (text) => {
      const { length } = new TextEncoder().encode(text);
      expect([utf8Length(text), countedLength(text)]).toEqual([length, length]);
    }),
  );
});
