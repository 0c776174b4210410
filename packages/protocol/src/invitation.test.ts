import type { SourceId } from "@homebody/base";
import { expect, test } from "vitest";
import { hashOfCode, invitationIn, isCode, linkOf } from "./index.ts";

const code = "0123456789abcdef".repeat(2);
const source = "es" as SourceId;

test("[P38] a link has source and code where no server reads them, and is read as it was written", () => {
  const link = linkOf("https://run.example.org", { source, code });
  expect(link).toBe(`https://run.example.org/#source=es&code=${code}`);
  expect(invitationIn(new URL(link).hash)).toEqual({ source, code });
});

test("a link that is not whole is told from one that is none", () => {
  for (const none of ["", "#", "#main", "#profile=1"]) expect(invitationIn(none), none).toBeUndefined();
  for (const broken of [
    "#source=es",
    `#code=${code}`,
    `#source=es&code=${code.slice(1)}`,
    `#source=Not%20one&code=${code}`,
  ])
    expect(invitationIn(broken), broken).toBe("broken");
});

test("[P38] what is known of a code is a hash of its own kind", () => {
  expect([isCode(code), isCode(`${code}0`), isCode(code.toUpperCase()), isCode(null)]).toEqual([
    true,
    false,
    false,
    false,
  ]);
  expect(hashOfCode(code)).toMatch(/^[0-9a-f]{64}$/);
  expect(hashOfCode(code)).not.toBe(hashOfCode(`f${code.slice(1)}`));
});
