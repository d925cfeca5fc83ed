import type { Version } from './models.js';

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
export const instant = (text: string | null | undefined): number | undefined => {
  if (!text) return undefined;
  return Date.parse(text) + Number(`0.${/\.\d{3}(\d+)/.exec(text)?.[1] ?? 0}`);
};

/** Reads the labels of an answer. */
export const labelsOf = ({ headers }: Response): Labels => {
  const text = (name: string) => headers.get(name) ?? undefined;
  const own = (name: string) => text('prewarm-' + name);
  return {
    version: own('version'),
    asOf: instant(own('as-of')),
    nextChange: instant(own('next-change')),
    source: own('source'),
    stale: own('stale'),
    etag: text('etag'),
    requestId: text('x-request-id'),
  };
};
