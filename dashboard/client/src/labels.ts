import type { Version } from './version.js';

/** What an answer says of itself. */
export interface Labels {
  version?: Version;
  /** The instant that it is true for, by the server's clock: milliseconds, with a fraction. */
  asOf?: number;
  /** When it would change by time alone. */
  nextChange?: number;
  /** Where it came from: l1, redis, postgres, built, query. */
  source?: string;
  /** Why it may not show how things are. */
  stale?: string;
  etag?: string;
  requestId?: string;
}

/** Milliseconds of an RFC 3339 instant, microseconds as a fraction. */
export const instant = (text: string | null): number | undefined => {
  if (!text) return undefined;
  const micros = /\.\d{3}(\d+)/.exec(text)?.[1];
  return Date.parse(text) + (micros ? Number(`0.${micros}`) : 0);
};

/** Reads the labels of an answer. */
export const labelsOf = ({ headers }: Response): Labels => {
  const text = (name: string) => headers.get(name) ?? undefined;
  return {
    version: text('prewarm-version'),
    asOf: instant(headers.get('prewarm-as-of')),
    nextChange: instant(headers.get('prewarm-next-change')),
    source: text('prewarm-source'),
    stale: text('prewarm-stale'),
    etag: text('etag'),
    requestId: text('x-request-id'),
  };
};
