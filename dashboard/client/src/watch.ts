import type { Client, Snapshot, Wish } from './client.js';
import { Failure } from './failure.js';
import { labelsOf, type Labels } from './labels.js';
import { keep, kept } from './shelf.js';
import { isOlder } from './version.js';

/** A read that is kept up to date. */
export interface Watch<T> {
  readonly path: string;
  readonly snapshot: Snapshot<T>;
  readonly isWatched: boolean;
  subscribe(subscriber: () => void): () => void;
  /** Reads now; calls made meanwhile share the request. Resolves to the labels of the data shown afterwards. */
  refresh(wish?: Wish): Promise<Labels | undefined>;
  /** @internal */
  show(change: Partial<Snapshot<T>>): void;
}

/** If the first answer takes longer than this, the kept one is shown. */
const PATIENCE_MS = 150;
const KEEP_AFTER_MS = 100;

export const makeWatch = <T>(client: Client, path: string): Watch<T> => {
  const subscribers = new Set<() => void>();
  let snapshot: Snapshot<T> = { asking: false };
  let underWay: Promise<Labels | undefined> | undefined;
  let next: Wish | undefined;
  let leave: () => void;

  const show = (change: Partial<Snapshot<T>>) => {
    snapshot = { ...snapshot, ...change };
    subscribers.forEach((subscriber) => subscriber());
  };
  const showKept = async () => {
    if (snapshot.data || snapshot.failure?.kind === 'signed-out') return;
    const old = await kept(client.org, path);
    const data: T | undefined = await old?.json().catch(() => {});
    if (data && !snapshot.data) show({ data, labels: labelsOf(old!), kept: true });
  };
  const ask = async (wish: Wish) => {
    show({ asking: true });
    try {
      const { data, labels, copy } = await client.get<T>(path, wish);
      // An older answer never replaces a newer one on screen.
      const isOld = !snapshot.kept && isOlder(labels.version, snapshot.labels?.version);
      show({ ...(!isOld && { data, labels, kept: false }), asking: false, failure: undefined });
      // After the paint, and only if the data is still on screen: a sign-out removes it.
      setTimeout(() => snapshot.data === data && keep(client.org, path, copy), KEEP_AFTER_MS);
    } catch (failure) {
      if (!(failure instanceof Failure)) throw failure;
      show({ asking: false, failure });
      return void (await showKept());
    }
    return snapshot.labels;
  };
  const refresh = (wish: Wish = {}): Promise<Labels | undefined> => {
    if (!underWay) return (underWay = ask(wish).finally(() => (underWay = undefined)));
    next = { ...next, ...wish };
    return underWay.then(() => {
      if (underWay || !next) return underWay ?? snapshot.labels;
      const then = next;
      next = undefined;
      return refresh(then);
    });
  };

  const watch: Watch<T> = {
    path,
    get snapshot() {
      return snapshot;
    },
    get isWatched() {
      return subscribers.size > 0;
    },
    subscribe(subscriber) {
      subscribers.add(subscriber);
      if (subscribers.size === 1) {
        leave = client.enter(watch as Watch<unknown>);
        if (!snapshot.data) setTimeout(showKept, PATIENCE_MS);
        // Frameworks may unsubscribe and subscribe again at once.
        void (underWay ?? refresh());
      }
      return () => {
        subscribers.delete(subscriber);
        if (!subscribers.size) leave();
      };
    },
    refresh,
    show,
  };
  return watch;
};
