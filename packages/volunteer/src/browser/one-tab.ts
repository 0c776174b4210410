// One tab of a browser trains, under a Web Lock; the others wait for it, and may ask it to hand over.

export interface OneTab {
  /**
   * Resolves true when this tab is the one, and false when that was given up before. `elsewhere` is called where another tab is:
   * it goes on here when that one ends or hands over.
   */
  take(elsewhere: () => void): Promise<boolean>;
  /** Another tab may take its turn. */
  giveUp(): void;
  /** Asks the tab that trains to hand over to this one, which waits. */
  ask(): void;
}

/** `asked`: this tab is the one, and another one wants to be. */
export function oneTab(name: string, asked: () => void): OneTab {
  const channel = new BroadcastChannel(name);
  let release: (() => void) | undefined;
  let waiting: AbortController | undefined;

  /** False where it is not to be had, or is waited for no longer. */
  function request(options: LockOptions): Promise<boolean> {
    return new Promise((resolve) => {
      const hold = (lock: Lock | null) => {
        if (lock === null) return resolve(false);
        return new Promise<void>((done) => {
          release = done;
          resolve(true);
        });
      };
      navigator.locks.request(name, options, hold).catch(() => resolve(false));
    });
  }

  function giveUp(): void {
    const wasWaiting = waiting;
    waiting = undefined;
    wasWaiting?.abort();
    release?.();
    release = undefined;
  }

  async function take(elsewhere: () => void): Promise<boolean> {
    giveUp();
    if (await request({ ifAvailable: true })) return true;
    elsewhere();
    for (;;) {
      const own = new AbortController();
      waiting = own;
      const isTaken = await request({ signal: own.signal });
      if (isTaken || waiting !== own) {
        if (waiting === own) waiting = undefined;
        return isTaken;
      }
    }
  }

  channel.addEventListener("message", () => {
    if (release !== undefined) asked();
    else waiting?.abort(); // whoever asked comes first: this tab waits anew, behind it
  });
  return { take, giveUp, ask: () => channel.postMessage("hand over") };
}
