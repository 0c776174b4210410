import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { coordinatorUrl, looksLikeAddress } from "./address.ts";

test.each([
  ["localhost:8080", "http://localhost:8080"],
  ["127.0.0.1:8080", "http://127.0.0.1:8080"],
  ["[::1]:8080", "http://[::1]:8080"],
  ["localhost:8080/dashboard", "http://localhost:8080"],
  ["http://localhost:8080/try", "http://localhost:8080"],
  ["https://run.example.org/admin/", "https://run.example.org"],
  ["https://run.example.org/#source=a&code=12", "https://run.example.org"],
  ["run.example.org", "https://run.example.org"],
  ["run.example.org/dashboard", "https://run.example.org"],
  ["run.example.org:8080", "https://run.example.org:8080"],
])("[P43] %s is the coordinator at %s", (text, origin) => {
  expect(coordinatorUrl("volunteer", text).origin).toBe(origin);
});

test.each([
  "",
  "nonsense",
  "ftp://run.example.org",
  "http://",
  "https://run.example.org/shop",
  "./data",
  "127.0.0.1:99999",
])("[P43] %j is no coordinator's address", (text) => {
  expect(() => coordinatorUrl("volunteer", text)).toThrow(
    /^volunteer: expected (an address such as|the coordinator)/,
  );
});

test("[P43] where a folder may be given too, a name with dots alone is a folder's, and so is what is there", () => {
  const folder = mkdtempSync(join(tmpdir(), "homebody-address-"));
  try {
    expect(
      ["localhost:1", "10.0.0.1", "http://a", "a.example/dashboard", "a:80"].map(looksLikeAddress),
    ).not.toContain(false);
    expect(["data", "./localhost", "/tmp/x", "run.tar", "a.example"].map(looksLikeAddress)).not.toContain(
      true,
    );
    mkdirSync(join(folder, "localhost"));
    expect(looksLikeAddress(join(folder, "localhost"))).toBe(false);
  } finally {
    rmSync(folder, { recursive: true });
  }
});
