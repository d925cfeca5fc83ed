import { readEvents } from './events.js';
import type { Version } from './version.js';

/** A version that the server has made. */
export interface News {
  version: Version;
  as_of: string;
  models: Record<string, string>;
}

/** How news comes: from a stream, by asking now and then, or not at all. */
export type Way = 'connecting' | 'stream' | 'polling' | 'stopped';

type Word = { news?: News; way?: Way; hello?: true };

/** What the stream needs of its surroundings. */
export interface Surroundings {
  /** Whose news; tabs of the same org share a stream. */
  topic: string;
  /** Opens the stream. */
  open: (lastEventId: string | undefined, signal: AbortSignal) => Promise<Response>;
  /** A new version, or `undefined`: ask, as there may be one. */
  onNews: (news: News | undefined) => void;
  /** The way has changed. */
  onWay: (way: Way) => void;
}

/** The server beats every 15 seconds. */
const SILENCE_MS = 40_000;
const FIRST_PAUSE_MS = 400;
const LONGEST_PAUSE_MS = 30_000;
const POLL_MS = 15_000;

/**
 * News of new versions: one stream a browser. The tab that holds the lock reads the stream and tells the others; when it
 * goes, the next one takes over. Where nothing has been heard for too long, a tab asks by itself.
 */
export class Live {
  way: Way = 'connecting';
  #last?: News;
  #heardAt = Date.now();
  #askedAt = Date.now();
  #leads = false;
  #failures = 0;
  #wakeUp?: () => void;
  readonly #ended = new AbortController();
  readonly #channel?: BroadcastChannel;
  readonly #timer: ReturnType<typeof setInterval>;

  constructor(private readonly around: Surroundings) {
    const { signal } = this.#ended;
    const name = `prewarm:${around.topic}`;
    this.#timer = setInterval(() => this.#look(), 1_000);
    if (!globalThis.navigator?.locks || !globalThis.BroadcastChannel) {
      void this.#lead(signal);
      return;
    }
    this.#channel = new BroadcastChannel(name);
    this.#channel.onmessage = ({ data }: MessageEvent<Word>) => this.#hear(data);
    navigator.locks.request(name, { signal }, () => this.#lead(signal)).catch(() => {});
    this.#channel.postMessage({ hello: true });
  }

  /** The machine woke, the network is back, somebody looks again: ask at once, and try the stream at once. */
  wake(): void {
    this.#failures = 0;
    this.#wakeUp?.();
    this.#ask();
  }

  stop(): void {
    clearInterval(this.#timer);
    this.#ended.abort();
    this.#channel?.close();
    this.#turn('stopped');
  }

  async #lead(signal: AbortSignal): Promise<void> {
    this.#leads = true;
    while (!signal.aborted) {
      await this.#follow(signal).catch(() => {});
      if (signal.aborted) return;
      this.#tell({ way: 'polling' });
      const longest = Math.min(LONGEST_PAUSE_MS, FIRST_PAUSE_MS * 2 ** this.#failures++);
      await new Promise<void>((resolve) => {
        this.#wakeUp = resolve;
        setTimeout(resolve, longest * (0.5 + Math.random() / 2));
      });
    }
  }

  async #follow(ended: AbortSignal): Promise<void> {
    const silent = new AbortController();
    const end = () => silent.abort();
    ended.addEventListener('abort', end);
    this.#heardAt = Date.now();
    const watchdog = setInterval(() => Date.now() - this.#heardAt > SILENCE_MS && end(), 1_000);
    try {
      const answer = await this.around.open(this.#last?.version, silent.signal);
      this.#failures = 0;
      this.#tell({ way: 'stream' });
      await readEvents(answer.body!, ({ name, data }) =>
        this.#tell(name === 'version' ? { news: JSON.parse(data) } : {}),
      );
    } finally {
      clearInterval(watchdog);
      ended.removeEventListener('abort', end);
    }
  }

  /** Tells the other tabs, and this one. An empty word shows that the stream lives. */
  #tell(word: Word): void {
    this.#channel?.postMessage(word);
    this.#hear(word);
  }

  #hear({ news, way, hello }: Word): void {
    if (hello) {
      if (this.#leads) this.#channel?.postMessage({ way: this.way, news: this.#last });
      return;
    }
    this.#heardAt = Date.now();
    if (way) this.#turn(way);
    if (news) {
      this.#last = news;
      this.around.onNews(news);
    }
  }

  #look(): void {
    const now = Date.now();
    if (!this.#leads && now - this.#heardAt > SILENCE_MS) this.#turn('polling');
    const hidden = globalThis.document?.visibilityState === 'hidden';
    if (this.way === 'polling' && !hidden && now - this.#askedAt > POLL_MS) this.#ask();
  }

  #ask(): void {
    this.#askedAt = Date.now();
    this.around.onNews(undefined);
  }

  #turn(way: Way): void {
    if (way === this.way) return;
    this.way = way;
    this.around.onWay(way);
  }
}
