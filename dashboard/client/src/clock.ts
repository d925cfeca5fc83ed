/**
 * The server's clock, from what its answers say. Each answer bounds the difference to the local clock; while the two may be
 * the same, they are taken to be.
 */
export interface Clock {
  /** Milliseconds by the server's clock. */
  now(): number;
  /** The server's clock stood at `at`, or less than a second later, while it answered a request sent at `sent`. */
  learn(at: number, sent: number): void;
}

export const makeClock = (): Clock => {
  let [low, high] = [-Infinity, Infinity];
  return {
    now: () => Date.now() + Math.min(Math.max(0, low), high),
    learn(at, sent) {
      const from = at - Date.now();
      const to = at + 1000 - sent;
      // A clock that was set, or a machine that slept: begin anew.
      const isAnew = from > high || to < low;
      low = isAnew ? from : Math.max(from, low);
      high = isAnew ? to : Math.min(to, high);
    },
  };
};
