import { HEAD_BYTES, HOUR_MS, spent, wholeBytes } from './cost.js';
import { now } from './store.js';
import { plural, whole } from './text.js';

/** How often a polling page reads its three panels and the calls. */
const POLL_MS = 30_000;
const POLLED = 4;

const size = (bytes: number): string =>
  bytes < 10_000 ? `${whole(bytes)} B` : bytes < 1_000_000 ? `${whole(bytes / 1_000)} kB` : `${(bytes / 1_000_000).toFixed(1)} MB`;

/** The cost of this tab in the last hour, compared with polling every thirty seconds. */
export const Bill = () => {
  const open = Math.min(HOUR_MS, Math.max(0, Math.floor(now.value / 10_000) * 10_000 - performance.timeOrigin));
  const bytes = spent.value.reduce((sum, cost) => sum + cost.bytes, 0);
  const polls = Math.max(1, Math.ceil(open / POLL_MS));
  const polled = polls * (wholeBytes + POLLED * HEAD_BYTES);
  return (
      <p>
        This tab, {open < HOUR_MS ? `in the ${Math.max(1, Math.round(open / 60_000))} min that it is open` : 'in the last hour'}:{' '}
        <b>{plural(spent.value.length, 'request')}</b>, <b>{size(bytes)}</b>. Polling the same panels every 30 s would have been{' '}
        <b>{plural(polls * POLLED, 'request')}</b>, <b>{size(polled)}</b>, compressed as well as this page’s first answer was. Counted by
        the browser, heads of answers at {HEAD_BYTES} B each; a stream is counted when it ends.
      </p>
  );
};
