import { expect, test } from "vitest";
import { atOnce, oneByOne, together } from "./turns.ts";

/** Work that is over when it is told so. */
function works() {
  const ends: (() => void)[] = [];
  const began: string[] = [];
  const work = (name: string) => async () => {
    began.push(name);
    await new Promise<void>((resolve) => ends.push(resolve));
    return name;
  };
  return {
    began,
    work,
    end: async () => {
      ends.shift()!();
      await settled();
    },
  };
}
const settled = () => new Promise<void>((resolve) => setImmediate(resolve));

test("as many are at work as weigh so much together, in the order in which they came; what weighs more is alone", async () => {
  const { began, work, end } = works();
  const few = atOnce(10);
  const all = ["4", "5", "2", "99", "1"].map((weight) => few(Number(weight), work(weight)));
  await settled();
  expect(began).toEqual(["4", "5"]);
  await end();
  expect(began).toEqual(["4", "5", "2"]);
  await end();
  expect(began).toHaveLength(3);
  await end();
  expect(began).toEqual(["4", "5", "2", "99"]);
  await end();
  await end();
  expect(await Promise.all(all)).toEqual(["4", "5", "2", "99", "1"]);
});

test("work that failed makes room too", async () => {
  const few = atOnce(1);
  await expect(few(1, () => Promise.reject(new Error("no")))).rejects.toThrow("no");
  expect(await few(1, async () => "next")).toBe("next");
});

test("who comes while others wait is done with them; each has its own result, and a failure is everybody's", async () => {
  const { began, work, end } = works();
  const inTurn = oneByOne();
  const turns: (readonly number[])[] = [];
  const doubled = together(inTurn, async (items: readonly number[]) => {
    turns.push(items);
    if (items.includes(13)) throw new Error("unlucky");
    return items.map((item) => 2 * item);
  });
  void inTurn(work("before"));
  const first = [1, 2, 3].map(doubled);
  await settled();
  expect(began).toEqual(["before"]);
  const late = doubled(4);
  await end();
  expect(await Promise.all([...first, late])).toEqual([2, 4, 6, 8]);
  const failing = [doubled(13), doubled(5)];
  for (const one of failing) await expect(one).rejects.toThrow("unlucky");
  expect(await doubled(6)).toBe(12);
  expect(turns).toEqual([[1, 2, 3, 4], [13, 5], [6]]);
});
