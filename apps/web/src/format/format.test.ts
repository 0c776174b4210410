import { expect, test } from "vitest";
import { englishName, ownName } from "./languages.ts";
import { bytes, compact, count, factor, fixed, percent, plural, scientific } from "./numbers.ts";
import { ago, countdown, duration, moment, timeLeft } from "./times.ts";

test("bytes have a unit and three digits that count", () => {
  expect([0, 1, 950, 999.6, 1000, 12_345, 1_234_567, 999_960, 4.5e9].map(bytes)).toEqual([
    "0 bytes",
    "1 byte",
    "950 bytes",
    "1.00 kB",
    "1.00 kB",
    "12.3 kB",
    "1.23 MB",
    "1.00 MB",
    "4.50 GB",
  ]);
});

test("numbers are grouped, shortened, and pluralised", () => {
  expect(count(1234567)).toBe("1,234,567");
  expect([12, 1234, 56_700, 8.9e9].map(compact)).toEqual(["12", "1.23 k", "56.7 k", "8.90 B"]);
  expect([1.234, 9.96, 380.4, 12_345].map(factor)).toEqual(["1.2", "10.0", "380", "12,300"]);
  expect(plural(1, "volunteer")).toBe("1 volunteer");
  expect(plural(0, "volunteer")).toBe("0 volunteers");
  expect(percent(0.256)).toBe("26 %");
  expect(fixed(2, 2)).toBe("2.00");
  expect([0, 0.0123456, 3.21e-6, 123456].map(scientific)).toEqual(["0", "0.0123", "3.2e-6", "1.2e+5"]);
});

test("lengths of time are said as people say them", () => {
  expect([0, 41_600, 60_000, 200_000, 900_000, 7_500_000, 3.6e8].map(duration)).toEqual([
    "0 s",
    "42 s",
    "1 min",
    "3 min 20 s",
    "15 min",
    "2 h 5 min",
    "4 days",
  ]);
  expect([-5, 1, 42_000, 725_000, 3_729_000].map(countdown)).toEqual([
    "0:00",
    "0:01",
    "0:42",
    "12:05",
    "1:02:09",
  ]);
  expect(ago(1000, 3000)).toBe("just now");
  expect(ago(1000, 43_000)).toBe("42 s ago");
});

test("a moment has a date unless it is today's", () => {
  const noon = new Date(2026, 4, 2, 12, 0, 5).getTime();
  expect(moment(noon, noon + 1000)).toBe("12:00:05");
  expect(moment(noon, noon + 86_400_000)).toBe("2 May 12:00:05");
});

test("the time left is told only once there is something to go by", () => {
  expect(timeLeft(0, 10, 9000)).toBeNull();
  expect(timeLeft(1, 10, 100)).toBeNull();
  expect(timeLeft(2, 10, 4000)).toBe(16_000);
  expect(timeLeft(12, 10, 4000)).toBe(0);
});

test("languages stand in their own script; what is no language stands as it is", () => {
  expect(["ja", "es", "ru", "zh-Hant"].map(ownName)).toEqual(["日本語", "Español", "Русский", "繁體中文"]);
  expect(englishName("ja")).toBe("Japanese");
  expect([ownName("x"), englishName("x")]).toEqual(["x", "x"]);
});
