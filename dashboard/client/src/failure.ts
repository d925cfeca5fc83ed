import { labelsOf } from './labels.js';

/** The kind of a failure, by what a person can do about it. */
export type Kind =
  /** Nothing answers. */
  | 'offline'
  /** There is no token, or none that holds. */
  | 'signed-out'
  /** The token holds and does not suffice. */
  | 'forbidden'
  /** There is no such thing. */
  | 'missing'
  /** The request is wrong. */
  | 'refused'
  /** The server has failed. */
  | 'server';

const KINDS: Record<number, Kind> = { 401: 'signed-out', 403: 'forbidden', 404: 'missing', 410: 'missing' };

/** A request that has failed. */
export class Failure extends Error {
  declare readonly kind: Kind;
  declare readonly status: number;
  /** By which support finds the request in the logs. */
  declare readonly requestId?: string;
  /** The body, where it was JSON. */
  declare readonly body?: unknown;

  constructor(kind: Kind, message: string, status = 0, requestId?: string, body?: unknown) {
    super(message);
    Object.assign(this, { kind, status, requestId, body });
  }
}

/** The failure that an answer tells of. */
export const failureOf = async (answer: Response): Promise<Failure> => {
  const body = await answer.json().catch(() => undefined);
  const { status } = answer;
  const kind = KINDS[status] ?? (status < 500 ? 'refused' : 'server');
  return new Failure(kind, body?.error ?? 'HTTP ' + status, status, labelsOf(answer).requestId, body);
};
