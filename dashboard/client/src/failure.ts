import { labelsOf } from './labels.js';

/** The kind of a failure, by what a user can do about it. */
export type Kind =
  /** The server cannot be reached. */
  | 'offline'
  /** The token is missing or invalid. */
  | 'signed-out'
  /** The token is valid but not sufficient. */
  | 'forbidden'
  /** The resource does not exist. */
  | 'missing'
  /** The request is invalid. */
  | 'refused'
  /** The server failed. */
  | 'server';

const KINDS: Record<number, Kind> = { 401: 'signed-out', 403: 'forbidden', 404: 'missing', 410: 'missing' };

/** A request that has failed. */
export class Failure extends Error {
  declare readonly kind: Kind;
  declare readonly status: number;
  /** The id of the request in the server's logs. */
  declare readonly requestId?: string;
  /** The parsed body, if it was JSON. */
  declare readonly body?: unknown;

  constructor(kind: Kind, message: string, status = 0, requestId?: string, body?: unknown) {
    super(message);
    Object.assign(this, { kind, status, requestId, body });
  }
}

/** The failure that an error answer stands for. */
export const failureOf = async (answer: Response): Promise<Failure> => {
  const body = await answer.json().catch(() => undefined);
  const { status } = answer;
  const kind = KINDS[status] ?? (status < 500 ? 'refused' : 'server');
  return new Failure(kind, body?.error ?? 'HTTP ' + status, status, labelsOf(answer).requestId, body);
};
