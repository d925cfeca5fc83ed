import type { Version } from './models.js';

/** The labels of an answer, from its headers. */
export interface Labels {
  version?: Version;
  /** The instant the data is from, in milliseconds by the server's clock. */
  asOf?: number;
  /** Its age in milliseconds. The server sends whole seconds. */
  age?: number;
  /** When the data will change by time alone. */
  nextChange?: number;
  /** The tier that answered: l1, redis, postgres, built or query. */
  source?: string;
  /** Why the data may be out of date. */
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
