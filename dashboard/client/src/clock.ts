/**
 * The server's clock, from what its answers say. Each answer bounds the difference to the local clock; while the two may be
 * the same, they are taken to be.
 */
export class Clock {
  #low = -Infinity;
  #high = Infinity;

  /** Milliseconds by the server's clock. */
  now(): number {
    return Date.now() + Math.min(Math.max(0, this.#low), this.#high);
  }

  /** The server's clock stood between `from` and `to` while it answered a request sent at `sent`. */
  learn(from: number, to: number, sent: number): void {
    const [low, high] = [from - Date.now(), to - sent];
    // A clock that was set, or a machine that slept: begin anew.
    if (low > this.#high || high < this.#low) [this.#low, this.#high] = [low, high];
    else [this.#low, this.#high] = [Math.max(low, this.#low), Math.min(high, this.#high)];
  }
}
