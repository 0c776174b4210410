import fc from "fast-check";
import { expect, test } from "vitest";
import { utf8Length } from "./utf8.ts";

test("UTF-8 is measured without being written", () => {
  fc.assert(
    fc.property(fc.string({ unit: "binary" }), (text) => {
      expect(utf8Length(text)).toBe(new TextEncoder().encode(text).length);
    }),
  );
});
