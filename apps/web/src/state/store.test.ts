import { expect, test } from "vitest";
import { createStore } from "./store.ts";

test("a store tells its listeners of every other value, and of no equal one", () => {
  const store = createStore({ round: 1, name: "a" });
  const seen: number[] = [];
  const stop = store.subscribe(() => seen.push(store.get().round));
  store.change({ round: 2 });
  store.set(store.get());
  store.change({ round: 3 });
  stop();
  store.change({ round: 4 });
  expect(seen).toEqual([2, 3]);
  expect(store.get()).toEqual({ round: 4, name: "a" });
});

test("a listener that stops while it is told does not keep others from being told", () => {
  const store = createStore(0);
  const told: string[] = [];
  const stop = store.subscribe(() => {
    told.push("first");
    stop();
  });
  store.subscribe(() => told.push("second"));
  store.set(1);
  store.set(2);
  expect(told).toEqual(["first", "second", "second"]);
});
