import type { Labels } from '../client/src/labels.js';
import type { Dashboard } from '../client/src/models.js';
import { Icon } from './parts.js';
import { client } from './session.js';
import { isPast, missed, newest, now, online, paused, shown, staleness, state, togglePause, way } from './store.js';
import { absolute, ago, clockTime, dayAndTime, plural } from './text.js';

const DAY_MS = 86_400_000;

/**
 * The next change that time alone will bring: a lead on screen falls to a lower urgency, or the organisation's day ends and
 * its calls of today restart at zero.
 */
const because = (at: number, { leads, pulse }: Dashboard): string => {
  const fall = (days: number) =>
    leads.leads.filter((lead) => lead.last_contact_at && Math.abs(Date.parse(lead.last_contact_at) + days * DAY_MS - at) < 1).length;
  const [medium, low] = [fall(1), fall(7)];
  if (medium) return ` (${plural(medium, 'lead')} ${medium === 1 ? 'falls' : 'fall'} to medium)`;
  if (low) return ` (${plural(low, 'lead')} ${low === 1 ? 'falls' : 'fall'} to low)`;
  return pulse.calls_today ? ' (a new day: calls today begin anew)' : ' (a day with calls begins)';
};

const when = (at: number): string => (at - now.value < 18 * 3_600_000 ? clockTime(at) : dayAndTime(at));

export const Truth = () => {
  const { labels, data, asking } = shown.value;
  return (
    <p class="truth" aria-live="off">
      <Lead />
      {labels?.asOf && <Said labels={labels} data={data} />}
      {asking && data && !paused.value && <span class="asking">asking…</span>}
    </p>
  );
};

/** The most important status: an error first, then the way new versions arrive. */
const Lead = () => {
  const word = wordOf();
  return <b class={`lamp ${word.replace(/\W/g, '-').toLowerCase()}`}>{word}</b>;
};

const wordOf = (): string => {
  if (isPast.value) return 'Read only';
  if (state.value === 'error') return 'Error';
  if (state.value === 'offline') return 'Offline';
  if (paused.value) return 'Paused';
  if (state.value === 'stale') return newest.value.data ? 'Stale' : 'Loading';
  return way.value === 'stream' ? 'Live' : way.value === 'polling' ? 'Asking every 15 s' : 'Connecting';
};

const Said = ({ labels, data }: { labels: Labels; data?: Dashboard }) => (
  <>
    <span title={absolute(labels.asOf!)}>{isPast.value ? `as of ${absolute(labels.asOf!)}` : `updated ${ago(now.value - labels.asOf!)}`}</span>
    <span>
      version{' '}
      <a href={`?version=${labels.version}`} title="A link to this version, as it is now">
        {labels.version}
      </a>
    </span>
    {labels.nextChange && !isPast.value && (
      <span title={absolute(labels.nextChange)}>
        next change {when(labels.nextChange)}
        {data && because(labels.nextChange, data)}
      </span>
    )}
    {staleness.value && !isPast.value && <span class="why">{staleness.value}</span>}
    {paused.value && missed.value > 0 && <span class="why">{plural(missed.value, 'newer version')} waiting</span>}
  </>
);

export const Pause = () => (
  <button type="button" aria-pressed={paused.value} onClick={togglePause} disabled={isPast.value}>
    <Icon name={paused.value ? 'play' : 'pause'} /> Pause updates
  </button>
);

/** A banner for conditions that the user can act on. */
export const Notice = () => {
  const { failure, data, labels } = newest.value;
  const at = labels?.asOf ? `What you see is of ${dayAndTime(labels.asOf)}.` : '';
  switch (state.value) {
    case 'offline':
      return (
        <Banner kind="offline">
          {online.value ? 'The server cannot be reached.' : 'You are offline.'} {data ? at : 'No earlier data is stored here.'} The page keeps trying.
          <button onClick={() => client.wake()}>Try now</button>
        </Banner>
      );
    case 'error':
      return (
        <Banner kind="error">
          {failure!.kind === 'forbidden'
            ? 'You may not see this organisation’s dashboard: ask one of its administrators.'
            : failure!.kind === 'missing' && isPast.value
              ? 'That version is no longer available: only the last sixteen of an organisation are kept.'
              : 'The server could not answer.'}{' '}
          {failure!.kind === 'server' && at}
          {failure!.requestId && (
            <span>
              {' '}
              Request <code>{failure!.requestId}</code>
            </span>
          )}
          {isPast.value ? <a href={location.pathname}>Go to the newest</a> : <button onClick={() => client.wake()}>Try now</button>}
        </Banner>
      );
  }
  if (isPast.value && data) {
    return (
      <Banner kind="past">
        This is version {labels?.version}, as it was. Nothing here changes. <a href={location.pathname}>Go to the newest</a>
      </Banner>
    );
  }
  return null;
};

const Banner = ({ kind, children }: { kind: string; children: preact.ComponentChildren }) => (
  <div class={`banner ${kind}`} role="status">
    {children}
  </div>
);
