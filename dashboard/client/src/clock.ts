/**
 * The server's clock, estimated from its answers. Each answer bounds the difference to the local clock. While zero is within
 * the bounds, the local clock is used.
 */
export interface Clock {
  /** The current time by the server's clock, in milliseconds. */
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
      // The local clock was set, or the machine slept: start over.
      const isAnew = from > high || to < low;
      low = isAnew ? from : Math.max(from, low);
      high = isAnew ? to : Math.min(to, high);
    },
  };
};
