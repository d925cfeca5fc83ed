import { makeClock } from './clock.js';
import { Failure, failureOf } from './failure.js';
import { labelsOf, type Labels } from './labels.js';
import { listen, type Live, type Way } from './live.js';
import type { News, Receipt, Version } from './models.js';
import { forget } from './shelf.js';
import { isOlder } from './version.js';
import { makeWatch, type Watch } from './watch.js';

/** The server and the credentials of a client. */
export interface Options {
  /** The API's origin; defaults to the page's own. It has to be same-site with the page, or browsers keep no dictionaries. */
  base?: string;
  /** The access token; nothing when signed out. */
  token: () => string | undefined;
  /** Fetches a new token. Called once for all requests that failed because the token had expired. */
  renew?: () => Promise<string | undefined>;
  /** Requests that the page started before this script had loaded, by path. */
  begun?: Record<string, Promise<Response> | undefined>;
}

/** Conditions of a read. */
export interface Wish {
  /** The answer has to include the write of this receipt. */
  waitFor?: Receipt | null;
  /** The answer must not be older than this version. */
  minVersion?: Version;
  signal?: AbortSignal;
}

/** A body and its labels. */
export interface Answer<T> {
  data: T;
  labels: Labels;
  /** @internal The body as text, before parsing. */
  copy: Response;
}

/** The state of a panel. `data` stays when a request fails. */
export interface Snapshot<T> {
  data?: T;
  labels?: Labels;
  /** Why the last request failed. */
  failure?: Failure;
  /** Whether a request is in flight. */
  asking: boolean;
  /** Whether `data` was kept from an earlier visit. */
  kept?: boolean;
}

const LINGER_MS = 5_000;

/** The API of one server for one signed-in user. */
export class Client {
  readonly clock = makeClock();
  readonly #watches = new Map<string, Watch<unknown>>();
  readonly #listeners = new Set<() => void>();
  #live?: Live;
  #renewal?: Promise<string | undefined>;

  constructor(private readonly options: Options) {}

  /** The way new versions arrive. */
  get way(): Way {
    return this.#live?.way ?? 'stopped';
  }

  /** The org that the token names. */
  get org(): string {
    try {
      const [, claims] = this.options.token()!.split('.');
      return JSON.parse(atob(claims!.replace(/-/g, '+').replace(/_/g, '/'))).app_metadata.org_id;
    } catch {
      return '';
    }
  }

  /** Reads once. */
  async get<T>(path: string, { waitFor, minVersion, signal }: Wish = {}): Promise<Answer<T>> {
    const read = async (delta: string) => {
      const headers: Record<string, string> = { 'prewarm-delta': delta };
      if (waitFor) headers['prewarm-wait-for'] = waitFor;
      if (minVersion) headers['prewarm-min-version'] = minVersion;
      const sent = Date.now();
      const answer = await this.fetch(path, { cache: 'no-cache', headers, signal });
      const labels = labelsOf(answer);
      const { asOf, age } = labels;
      if (asOf) this.clock.learn(asOf + age!, sent);
      return { copy: answer.clone(), labels, data: (await answer.json()) as T };
    };
    // A delta that does not decode yields an error or an empty body, never wrong data. The whole body is requested instead.
    return read('1').catch((error) => {
      if (signal?.aborted || (error instanceof Failure && error.kind !== 'offline')) throw error;
      return read('0').catch((again) => {
        throw again instanceof Failure ? again : new Failure('server', 'Unreadable answer');
      });
    });
  }

  /** A read that stays up to date while it has subscribers. */
  watch<T>(path: string): Watch<T> {
    const watch = this.#watches.get(path) ?? makeWatch<unknown>(this, path);
    this.#watches.set(path, watch);
    return watch as Watch<T>;
  }

  /**
   * Writes, and returns once every watched read includes the write (`seen`), or after a time limit. If the answer carries a
   * receipt, reads wait for it; otherwise the written path itself is read again.
   */
  async mutate<T extends object>(path: string, body: unknown = {}): Promise<T & { seen: boolean }> {
    const answer = await this.fetch(path, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(body),
    });
    const told: T & { receipt?: Receipt | null } = await answer.json();
    const waitFor = told.receipt;
    const touched = this.#watched().filter((watch) => waitFor || watch.path.startsWith(path));
    const shown = await Promise.all(touched.map((watch) => watch.refresh({ waitFor })));
    return { ...told, seen: shown.every((labels) => labels && !labels.stale) };
  }

  /** A request with the token. Throws a `Failure` unless the answer is a success. */
  async fetch(path: string, init: RequestInit & { headers?: Record<string, string> } = {}): Promise<Response> {
    const { base = '', begun, token, renew } = this.options;
    const send = async () => {
      const bearer = token();
      if (!bearer) throw new Failure('signed-out', 'Signed out');
      const early = begun?.[path];
      delete begun?.[path];
      const request = early ?? fetch(base + path, { ...init, headers: { ...init.headers, authorization: `Bearer ${bearer}` } });
      return request.catch((error) => {
        throw init.signal?.aborted ? error : new Failure('offline', 'No answer');
      });
    };
    let answer = await send();
    if (answer.status === 401 && renew) {
      this.#renewal ??= renew().finally(() => (this.#renewal = undefined));
      if (await this.#renewal) answer = await send();
    }
    if (answer.ok) return answer;
    const failure = await failureOf(answer);
    if (failure.kind === 'signed-out') this.#end({ failure });
    throw failure;
  }

  /** Calls the listener whenever the way new versions arrive changes. */
  onWay(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** Checks for a new version at once, for example after sleep. */
  wake(): void {
    if (this.way === 'stopped') this.#start();
    else this.#live!.wake();
  }

  /** Closes the stream. Data on screen stays. */
  pause(): void {
    this.#live?.stop();
  }

  /** Deletes all kept data of every org, in memory and in the browser. */
  async signOut(): Promise<void> {
    this.pause();
    await Promise.all([this.fetch('/api/session/end', { method: 'POST' }).catch(() => {}), forget()]);
    this.#end({ data: undefined, labels: undefined, failure: new Failure('signed-out', 'Signed out') });
  }

  /** @internal Follows new versions while there are watches. The stream outlives the last one briefly, as frameworks resubscribe. */
  enter(watch: Watch<unknown>): () => void {
    this.#watches.set(watch.path, watch);
    this.#start();
    return () => {
      this.#watches.delete(watch.path);
      setTimeout(() => this.#watched().length || this.pause(), LINGER_MS);
    };
  }

  #start(): void {
    if (this.way !== 'stopped') return;
    this.#live = listen({
      topic: this.org || `${Math.random()}`,
      open: (id, signal) =>
        this.fetch('/api/analytics/stream', { signal, cache: 'no-store', headers: id ? { 'last-event-id': id } : {} }),
      onNews: (news) => this.#tell(news),
      onWay: () => this.#listeners.forEach((listener) => listener()),
    });
    if (this.#watched().some((watch) => watch.snapshot.labels)) this.#tell();
  }

  /** The session is over. */
  #end(change: Partial<Snapshot<unknown>>): void {
    this.pause();
    this.#watches.forEach((watch) => watch.show({ asking: false, ...change }));
  }

  #watched(): Watch<unknown>[] {
    return [...this.#watches.values()].filter((watch) => watch.isWatched);
  }

  #tell(news?: News): void {
    for (const watch of this.#watched()) {
      const { labels } = watch.snapshot;
      // An answer without a version does not change with one.
      const isOfNews = !labels || labels.version;
      if (!news || (isOfNews && isOlder(labels?.version, news.version))) void watch.refresh({ minVersion: news?.version });
    }
  }
}
