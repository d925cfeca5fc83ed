import { readEvents } from './events.js';
import type { News, Version } from './models.js';

/** The way new versions arrive: by a stream, by polling, or not at all. */
export type Way = 'connecting' | 'stream' | 'polling' | 'stopped';

type Word = { news?: News; way?: Way; hello?: true };

/** The callbacks of the stream. */
export interface Surroundings {
  /** The org. Tabs of the same org share a stream. */
  topic: string;
  /** Opens the stream. */
  open: (lastEventId: Version | undefined, signal: AbortSignal) => Promise<Response>;
  /** Called with a new version, or with `undefined` when there may be one. */
  onNews: (news: News | undefined) => void;
  /** Called when the way new versions arrive has changed. */
  onWay: (way: Way) => void;
}

/** A running subscription to new versions. */
export interface Live {
  readonly way: Way;
  /** Polls and reopens the stream at once: after sleep, when the network is back, or when the page is visible again. */
  wake(): void;
  stop(): void;
}

/** The server sends a heartbeat every 15 seconds. */
const SILENCE_MS = 40_000;
const FIRST_PAUSE_MS = 400;
const LONGEST_PAUSE_MS = 30_000;
const POLL_MS = 15_000;

/**
 * Follows new versions with one stream per browser. The tab that holds the lock reads the stream and informs the others; when
 * it closes, another tab takes over. A tab that has heard nothing for too long polls by itself.
 */
export const listen = ({ topic, open, onNews, onWay }: Surroundings): Live => {
  const { now } = Date;
  const { navigator, BroadcastChannel, document } = globalThis;
  const name = `prewarm:${topic}`;
  const ended = new AbortController();
  const { signal } = ended;
  let way: Way = 'connecting';
  let last: News | undefined;
  let heardAt = now();
  let askedAt = heardAt;
  let leads = false;
  let failures = 0;
  let wakeUp: (() => void) | undefined;
  let channel: BroadcastChannel | undefined;
  let silence: AbortController | undefined;

  const turn = (to: Way) => {
    if (to !== way) onWay((way = to));
  };
  const ask = () => {
    askedAt = now();
    onNews(undefined);
  };
  const hear = (word: Word) => {
    if (word.hello) return leads && channel?.postMessage({ way, news: last });
    heardAt = now();
    if (word.way) turn(word.way);
    if (word.news) onNews((last = word.news));
  };
  /** Informs the other tabs and this one. An empty message means that the stream is alive. */
  const tell = (word: Word) => {
    channel?.postMessage(word);
    hear(word);
  };
  const follow = async () => {
    silence = new AbortController();
    heardAt = now();
    const answer = await open(last?.version, AbortSignal.any([signal, silence.signal]));
    failures = 0;
    tell({ way: 'stream' });
    await readEvents(answer.body!, ({ name, data }) => tell(name === 'version' ? { news: JSON.parse(data) } : {}));
  };
  const lead = async () => {
    leads = true;
    while (!signal.aborted) {
      await follow().catch(() => {});
      if (signal.aborted) return;
      tell({ way: 'polling' });
      const longest = Math.min(LONGEST_PAUSE_MS, FIRST_PAUSE_MS * 2 ** failures++);
      await new Promise<void>((resolve) => {
        wakeUp = resolve;
        setTimeout(resolve, longest * (0.5 + Math.random() / 2));
      });
    }
  };
  const timer = setInterval(() => {
    const silent = now() - heardAt > SILENCE_MS;
    if (silent) leads ? silence?.abort() : turn('polling');
    if (way === 'polling' && !document?.hidden && now() - askedAt > POLL_MS) ask();
  }, 1_000);

  if (navigator?.locks && BroadcastChannel) {
    channel = new BroadcastChannel(name);
    channel.onmessage = ({ data }) => hear(data);
    navigator.locks.request(name, { signal }, lead).catch(() => {});
    channel.postMessage({ hello: true });
  } else void lead();

  return {
    get way() {
      return way;
    },
    wake() {
      failures = 0;
      wakeUp?.();
      ask();
    },
    stop() {
      clearInterval(timer);
      ended.abort();
      channel?.close();
      channel = undefined;
      turn('stopped');
    },
  };
};
