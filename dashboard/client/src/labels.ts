import type { Version } from './models.js';

/** The labels of an answer, from its headers. */
export interface Labels {
  version?: Version;
  /** The instant that it is true for, in milliseconds by the server's clock. */
  asOf?: number;
  /** How long ago that was, in milliseconds, of which whole seconds are told. */
  age?: number;
  /** When it would change by time alone. */
  nextChange?: number;
  /** Where it came from: l1, redis, postgres, built, query. */
  source?: string;
  /** Why it may not show how things are. */
  stale?: string;
  etag?: string;
  requestId?: string;
}

/** Reads the labels of an answer. */
export const labelsOf = ({ headers }: Response): Labels => {
  const text = (name: string) => headers.get(name) ?? undefined;
  const own = (name: string) => text('prewarm-' + name);
  const instant = (name: string) => Date.parse(own(name)!) || undefined;
  return {
    version: own('version'),
    asOf: instant('as-of'),
    age: +own('age')! * 1000,
    nextChange: instant('next-change'),
    source: own('source'),
    stale: own('stale'),
    etag: text('etag'),
    requestId: text('x-request-id'),
  };
};
