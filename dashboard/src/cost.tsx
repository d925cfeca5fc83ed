import { signal } from '@preact/signals';
import { loadMore, more } from './intent.js';

/** One API response as the browser measures it. */
interface Cost {
  at: number;
  bytes: number;
  path: string;
}

export const HOUR_MS = 3_600_000;
/** The bytes that browsers add for the headers of a response. */
export const HEAD_BYTES = 300;
export const spent = signal<Cost[]>([]);
/** The largest body of all panels: the cost of a response without a delta. */
export let wholeBytes = 0;

const note = (entries: PerformanceEntryList): void => {
  const costs = (entries as PerformanceResourceTiming[])
    .filter(({ name }) => new URL(name).pathname.startsWith('/api/'))
    .map(({ name, startTime, transferSize, encodedBodySize }) => {
      const { pathname } = new URL(name);
      if (pathname === '/api/analytics/dashboard') wholeBytes = Math.max(wholeBytes, encodedBodySize);
      return { at: performance.timeOrigin + startTime, bytes: transferSize, path: pathname };
    });
  const from = Date.now() - HOUR_MS;
  if (costs.length) spent.value = [...spent.peek().filter(({ at }) => at > from), ...costs];
};

new PerformanceObserver((list) => note(list.getEntries())).observe({ type: 'resource', buffered: true });

/** The cost of this tab, compared with polling every thirty seconds. */
export const Looking = () => {
  const Bill = more.value?.Bill;
  return (
    <details class="looking" onToggle={() => void loadMore()}>
      <summary>What looking costs</summary>
      {Bill && <Bill />}
    </details>
  );
};
