// Timers in the order in which they are due: a binary heap whose keys lie beside each other. To compare them no timer is looked
// at: of tens of thousands few are near the processor.

export interface Timer {
  readonly at: number;
  /** Of those that are due together, the one that was set first goes first. */
  readonly nth: number;
  work: (() => void) | undefined;
}

export interface TimerQueue {
  push(timer: Timer): void;
  /** The one that is due first; undefined where there is none. */
  pop(): Timer | undefined;
}

export function timerQueue(): TimerQueue {
  const timers: Timer[] = [];
  const ats: number[] = [];
  const nths: number[] = [];

  function isBefore(place: number, at: number, nth: number): boolean {
    const own = ats[place]!;
    return own < at || (own === at && nths[place]! < nth);
  }

  function put(place: number, timer: Timer, at: number, nth: number): void {
    timers[place] = timer;
    ats[place] = at;
    nths[place] = nth;
  }

  const move = (from: number, to: number) => put(to, timers[from]!, ats[from]!, nths[from]!);

  return {
    push(timer) {
      const { at, nth } = timer;
      let place = timers.length;
      while (place > 0) {
        const parent = (place - 1) >> 1;
        if (isBefore(parent, at, nth)) break;
        move(parent, place);
        place = parent;
      }
      put(place, timer, at, nth);
    },
    pop() {
      const [first] = timers;
      const [timer, at, nth] = [timers.pop(), ats.pop()!, nths.pop()!];
      const size = timers.length;
      if (timer === undefined || size === 0) return first;
      let place = 0;
      for (;;) {
        let child = 2 * place + 1;
        if (child >= size) break;
        if (child + 1 < size && isBefore(child + 1, ats[child]!, nths[child]!)) child += 1;
        if (!isBefore(child, at, nth)) break;
        move(child, place);
        place = child;
      }
      put(place, timer, at, nth);
      return first;
    },
  };
}
