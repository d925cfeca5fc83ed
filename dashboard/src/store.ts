import { batch, computed, effect, signal } from '@preact/signals';
import type { Answer, Snapshot } from '../client/src/client.js';
import { Failure } from '../client/src/failure.js';
import type { Way } from '../client/src/live.js';
import type { Calls, Dashboard } from '../client/src/models.js';
import { address, callsPath } from './address.js';
import { client, isSignedIn } from './session.js';

const PATH = '/api/analytics/dashboard';
const NOTHING = { asking: true };

/** The newest data, also while updates are paused. */
export const newest = signal<Snapshot<Dashboard>>(NOTHING);
/** The snapshot on screen. */
export const shown = signal<Snapshot<Dashboard>>(NOTHING);
/** The page of calls on screen, if the dashboard's answer does not hold it. */
export const otherCalls = signal<Snapshot<Calls>>(NOTHING);
/** Whether the first data has been painted. Rows below the fold are rendered afterwards. */
export const isPainted = signal(false);
export const paused = signal(false);
/** The number of versions since updates were paused. */
export const missed = signal(0);
export const way = signal<Way>('connecting');
export const online = signal(navigator.onLine);
/** The server's time, for displays in seconds. */
export const now = signal(client.clock.now());

/** The server's time for rows, which show minutes: every reader renders again when it changes, and there are many. */
export const slowNow = computed(() => Math.floor(now.value / 5_000) * 5_000);

/** An earlier version, shown as it was. */
export const isPast = computed(() => !!address.value.version);

/** Keeps the panels up to date while signed in. */
effect(() => {
  if (!isSignedIn.value) {
    batch(() => {
      newest.value = shown.value = NOTHING;
      otherCalls.value = NOTHING;
    });
    return;
  }
  const { version } = address.value;
  return version ? showPast(version) : follow();
});

function follow(): () => void {
  const watch = client.watch<Dashboard>(PATH);
  const take = () => {
    const before = newest.peek().labels?.version;
    // Each answer has the server's time, so ages are right from the first paint on.
    now.value = client.clock.now();
    newest.value = watch.snapshot;
    if (!paused.peek()) shown.value = watch.snapshot;
    else if (watch.snapshot.labels?.version !== before) missed.value++;
  };
  const ends = [watch.subscribe(take), client.onWay(() => (way.value = client.way))];
  way.value = client.way;
  return () => ends.forEach((end) => end());
}

function showPast(version: string): undefined {
  const show = (snapshot: Snapshot<Dashboard>) => (newest.value = shown.value = snapshot);
  show({ asking: true });
  client.get<Dashboard>(`${PATH}?version=${encodeURIComponent(version)}`).then(
    (answer: Answer<Dashboard>) => {
      // A server that does not support `version` sends the newest one instead.
      if (answer.labels.version === version) show({ ...answer, asking: false });
      else show({ asking: false, failure: new Failure('missing', 'That version is not kept', 404, answer.labels.requestId) });
    },
    (failure) => show({ asking: false, failure }),
  );
}

/** Loads another page of calls, or a filtered one. The previous rows stay until then. */
effect(() => {
  const path = isSignedIn.value && !isPast.value ? callsPath(address.value) : undefined;
  if (!path) return;
  const watch = client.watch<Calls>(path);
  const take = () => {
    const { snapshot } = watch;
    if (paused.peek() && otherCalls.peek().data) return;
    otherCalls.value = snapshot.data ? snapshot : { ...snapshot, data: otherCalls.peek().data };
  };
  take();
  return watch.subscribe(take);
});

/** Pauses updates, or resumes with everything that arrived meanwhile. */
export const togglePause = (): void => {
  batch(() => {
    paused.value = !paused.value;
    missed.value = 0;
    if (!paused.value) shown.value = newest.value;
  });
};

/** How long after its announced instant the next version may arrive. */
const GRACE_MS = 2_500;
/** The polling interval without a stream, with some slack. */
const POLLED_MS = 45_000;

/** When the data was last confirmed as the newest, by the local clock. */
const confirmedAt = signal(Date.now());
effect(() => {
  const { asking, failure } = newest.value;
  if (!asking && !failure) confirmedAt.value = Date.now();
});

/** Why the data on screen may be out of date, if it may. */
export const staleness = computed<string | undefined>(() => {
  const { labels, kept } = shown.value;
  if (kept) return 'from an earlier visit';
  if (labels?.stale) return REASONS[labels.stale] ?? labels.stale;
  if (isPast.value || paused.value) return undefined;
  if (labels?.nextChange && now.value > labels.nextChange + GRACE_MS) return REASONS['deadline-passed'];
  if (way.value !== 'stream' && Date.now() - confirmedAt.value > POLLED_MS) return 'no news for a while';
  return undefined;
});

const REASONS: Record<string, string> = {
  'deadline-passed': 'a newer version is due',
  'clock-went-back': 'the server’s clock was set back',
  'behind-version': 'a newer version is on its way',
  'behind-receipt': 'your change is not in it yet',
  unconfirmed: 'the database has not confirmed it',
  'source-drift': 'the source tables have changed shape',
};

/** The `data-state` of `main`: the first that applies, worst first. */
export const state = computed(() => {
  const { failure, data } = newest.value;
  if (!isSignedIn.value || failure?.kind === 'signed-out') return 'signed-out';
  if (!online.value || failure?.kind === 'offline') return 'offline';
  if (failure) return 'error';
  return staleness.value || !data ? 'stale' : 'fresh';
});

/** The calls on screen and the state of their request. */
export const calls = computed<Snapshot<Calls>>(() => {
  const { data, ...rest } = shown.value;
  const past = isPast.value || !callsPath(address.value);
  return past ? { ...rest, data: data?.calls } : otherCalls.value;
});

const wake = () => {
  if (document.visibilityState === 'visible' && isSignedIn.peek() && !isPast.peek()) client.wake();
};
addEventListener('online', () => {
  online.value = true;
  wake();
});
addEventListener('offline', () => (online.value = false));
addEventListener('pageshow', (event) => event.persisted && wake());
addEventListener('visibilitychange', wake);
// A page with an open stream could not enter the back-forward cache.
addEventListener('pagehide', () => client.pause());

/** Ticks fast while tenths of a second are on screen, slower later, and never while the page is hidden. */
const tick = (): void => {
  if (document.visibilityState === 'visible') now.value = client.clock.now();
  const age = now.peek() - (shown.peek().labels?.asOf ?? 0);
  setTimeout(tick, age < 10_000 ? 100 : 1_000);
};
tick();
