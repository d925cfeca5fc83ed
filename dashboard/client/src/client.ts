import { Clock } from './clock.js';
import { Failure, failureOf } from './failure.js';
import { instant, labelsOf, type Labels } from './labels.js';
import { Live, type News, type Way } from './live.js';
import { Shelf } from './shelf.js';
import { isOlder, type Version } from './version.js';

/** How a client finds its server, and who is asking. */
export interface Options {
  /** Where the API is; the page's own origin if absent. It has to be of the page's site, or browsers keep no deltas. */
  base?: string;
  /** The access token, or nothing where nobody is signed in. */
  token: () => string | undefined;
  /** Fetches a new token. Asked once for all requests that a token's end has failed. */
  renew?: () => Promise<string | undefined>;
  /** Requests that the page has begun before this script was there, by path. */
  begun?: Record<string, Promise<Response> | undefined>;
}

/** What is asked of a read. */
export interface Wish {
  /** It includes the write of this receipt. */
  waitFor?: string;
  /** It is no older than this version. */
  minVersion?: Version;
  signal?: AbortSignal;
}

/** A body, and what is said of it. */
export interface Answer<T> {
  data: T;
  labels: Labels;
}

/** What a panel can show. `data` stays when a request fails. */
export interface Snapshot<T> {
  data?: T;
  labels?: Labels;
  /** Why the last request failed. */
  failure?: Failure;
  /** A request is under way. */
  asking: boolean;
  /** `data` is of an earlier visit. */
  kept?: boolean;
}

/** The last answer is worth showing when the first one takes longer. */
const PATIENCE_MS = 150;
const LINGER_MS = 5_000;

/** The API of one server, for one person. */
export class Client {
  readonly clock = new Clock();
  readonly #watches = new Map<string, Watch<unknown>>();
  readonly #listeners = new Set<() => void>();
  #live?: Live;
  #renewal?: Promise<string | undefined>;

  constructor(private readonly options: Options) {}

  /** How news comes. */
  get way(): Way {
    return this.#live?.way ?? 'stopped';
  }

  /** The org that the token names. */
  get org(): string {
    try {
      const claims = this.options.token()!.split('.')[1]!.replace(/-/g, '+').replace(/_/g, '/');
      return JSON.parse(atob(claims)).app_metadata.org_id;
    } catch {
      return '';
    }
  }

  /** Asks once. */
  async get<T>(path: string, wish: Wish = {}): Promise<Answer<T>> {
    const headers: Record<string, string> = { 'prewarm-delta': '1' };
    if (wish.waitFor) headers['prewarm-wait-for'] = wish.waitFor;
    if (wish.minVersion) headers['prewarm-min-version'] = wish.minVersion;
    const read = async (more?: object) => {
      const sent = Date.now();
      const answer = await this.fetch(path, { cache: 'no-cache', headers: { ...headers, ...more }, signal: wish.signal });
      this.#learn(answer, sent);
      const copy = answer.clone();
      const data: T = JSON.parse(await answer.text());
      void this.shelf.put(path, copy);
      return { data, labels: labelsOf(answer) };
    };
    // A delta that does not decode gives an error or nothing, never something else: then the whole body is asked for.
    return read().catch((error) => {
      if (wish.signal?.aborted || (error instanceof Failure && error.kind !== 'offline')) throw error;
      return read({ 'prewarm-delta': '0' }).catch((again) => {
        throw again instanceof Failure ? again : new Failure('server', 'The answer cannot be read');
      });
    });
  }

  /** A read that stays up to date for as long as somebody is subscribed to it. */
  watch<T>(path: string): Watch<T> {
    let watch = this.#watches.get(path);
    if (!watch) this.#watches.set(path, (watch = new Watch(this, path)));
    return watch as Watch<T>;
  }

  /** Writes, and returns when what is watched includes the write (`seen`), or does not in good time. */
  async mutate<T extends { receipt?: string }>(path: string, body?: unknown): Promise<T & { seen: boolean }> {
    const answer = await this.fetch(path, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(body ?? {}),
    });
    const told: T = await answer.json();
    const waitFor = told.receipt;
    const shown = waitFor ? await Promise.all(this.#watched().map((watch) => watch.refresh({ waitFor }))) : [];
    return { ...told, seen: shown.every((labels) => labels && !labels.stale) };
  }

  /** A request with the token. An answer that is no success is thrown as a `Failure`. */
  async fetch(path: string, init: RequestInit & { headers?: Record<string, string> } = {}): Promise<Response> {
    const { base = '', begun, token, renew } = this.options;
    const send = async () => {
      const bearer = token();
      if (!bearer) throw new Failure('signed-out', 'Nobody is signed in', 401);
      const early = begun?.[path];
      if (early) delete begun[path];
      const request = early ?? fetch(base + path, { ...init, headers: { ...init.headers, authorization: `Bearer ${bearer}` } });
      return request.catch((error) => {
        throw init.signal?.aborted ? error : new Failure('offline', 'Nothing answers');
      });
    };
    let answer = await send();
    if (answer.status === 401 && renew) {
      const renewed = await (this.#renewal ??= renew().finally(() => (this.#renewal = undefined)));
      if (renewed) answer = await send();
    }
    if (answer.ok) return answer;
    const failure = await failureOf(answer);
    if (failure.kind === 'signed-out') {
      this.#live?.stop();
      this.#watched().forEach((watch) => watch.fail(failure));
    }
    throw failure;
  }

  /** Tells of the way that news comes, whenever it changes. */
  onWay(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** Asks at once: after sleep, or when somebody looks again. */
  wake(): void {
    if (this.#live?.way === 'stopped') this.start();
    else this.#live?.wake();
  }

  /** Closes the stream; what is shown stays. */
  pause(): void {
    this.#live?.stop();
  }

  /** Forgets everything that is kept of any org, here and in the browser. */
  async signOut(): Promise<void> {
    this.#live?.stop();
    await Promise.all([this.fetch('/api/session/end', { method: 'POST' }).catch(() => {}), Shelf.clear()]);
    for (const watch of this.#watches.values()) watch.forget();
  }

  /** @internal */
  enter(path: string, watch: Watch<unknown>): void {
    this.#watches.set(path, watch);
    this.start();
  }

  /** @internal A framework may subscribe again at once, so that the stream outlives the last watch a little. */
  leave(path: string): void {
    this.#watches.delete(path);
    setTimeout(() => this.#watched().length || this.#live?.stop(), LINGER_MS);
  }

  /** @internal */
  start(): void {
    if (this.#live && this.#live.way !== 'stopped') return;
    this.#live = new Live({
      topic: this.org || Math.random().toString(36),
      open: (id, signal) =>
        this.fetch('/api/analytics/stream', { signal, cache: 'no-store', headers: id ? { 'last-event-id': id } : {} }),
      onNews: (news) => this.#tell(news),
      onWay: () => this.#listeners.forEach((listener) => listener()),
    });
    if (this.#watched().some((watch) => watch.snapshot.labels)) this.#tell(undefined);
  }

  /** @internal */
  get shelf(): Shelf {
    return new Shelf(this.org);
  }

  #watched(): Watch<unknown>[] {
    return [...this.#watches.values()].filter((watch) => watch.isWatched);
  }

  #tell(news: News | undefined): void {
    for (const watch of this.#watched()) {
      const shown = watch.snapshot.labels?.version;
      if (!news || isOlder(shown, news.version)) void watch.refresh({ minVersion: news?.version });
    }
  }

  /** Bounds the server's clock by what an answer says. */
  #learn({ headers }: Response, sent: number): void {
    const asOf = instant(headers.get('prewarm-as-of'));
    const age = Number(headers.get('prewarm-age'));
    // Whole seconds, cut off.
    if (asOf) this.clock.learn(asOf + age * 1000, asOf + (age + 1) * 1000, sent);
  }
}

/** One read, kept up to date. */
export class Watch<T> {
  snapshot: Snapshot<T> = { asking: false };
  readonly #subscribers = new Set<() => void>();
  #underWay?: Promise<Labels | undefined>;
  #next?: Wish;

  constructor(
    private readonly client: Client,
    private readonly path: string,
  ) {}

  get isWatched(): boolean {
    return this.#subscribers.size > 0;
  }

  subscribe = (subscriber: () => void): (() => void) => {
    this.#subscribers.add(subscriber);
    if (this.#subscribers.size === 1) {
      this.client.enter(this.path, this as Watch<unknown>);
      void this.#open();
    }
    return () => {
      this.#subscribers.delete(subscriber);
      if (!this.isWatched) this.client.leave(this.path);
    };
  };

  /** Asks now, once however often it is called meanwhile. Gives the labels of what is shown then. */
  refresh(wish: Wish = {}): Promise<Labels | undefined> {
    if (this.#underWay) {
      this.#next = { ...this.#next, ...wish };
      return this.#underWay.then(() => this.#refreshNext());
    }
    this.#underWay = this.#ask(wish).finally(() => (this.#underWay = undefined));
    return this.#underWay;
  }

  /** @internal What is shown stays. */
  fail(failure: Failure): void {
    this.#show({ asking: false, failure });
  }

  forget(): void {
    this.#show({ asking: false, data: undefined, labels: undefined, failure: new Failure('signed-out', 'Signed out', 401) });
  }

  #refreshNext(): Promise<Labels | undefined> {
    if (this.#underWay) return this.#underWay;
    const wish = this.#next;
    this.#next = undefined;
    return wish ? this.refresh(wish) : Promise.resolve(this.snapshot.labels);
  }

  async #open(): Promise<void> {
    if (!this.snapshot.data) setTimeout(() => this.#showKept(), PATIENCE_MS);
    await this.refresh();
  }

  async #showKept(): Promise<void> {
    if (this.snapshot.data || this.snapshot.failure?.kind === 'signed-out') return;
    const kept = await this.client.shelf.get(this.path);
    const data: T | undefined = await kept?.json().catch(() => undefined);
    if (kept && data && !this.snapshot.data) this.#show({ data, labels: labelsOf(kept), kept: true });
  }

  async #ask(wish: Wish): Promise<Labels | undefined> {
    this.#show({ asking: true });
    try {
      const { data, labels } = await this.client.get<T>(this.path, wish);
      const { snapshot } = this;
      // What was seen is never taken back for something older.
      const older = !snapshot.kept && isOlder(labels.version, snapshot.labels?.version);
      const same = !!labels.etag && labels.etag === snapshot.labels?.etag;
      const shown = older ? {} : { data: same ? snapshot.data : data, labels, kept: false };
      this.#show({ ...shown, asking: false, failure: undefined });
    } catch (error) {
      if (!(error instanceof Failure)) throw error;
      this.fail(error);
      await this.#showKept();
    }
    return this.snapshot.failure ? undefined : this.snapshot.labels;
  }

  #show(change: Partial<Snapshot<T>>): void {
    this.snapshot = { ...this.snapshot, ...change };
    this.#subscribers.forEach((subscriber) => subscriber());
  }
}
