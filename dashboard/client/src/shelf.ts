const PREFIX = 'prewarm:';

/** Ignores failures: a browser may have no storage, or a full one. */
const quietly = async <T>(use: (all: CacheStorage) => Promise<T>): Promise<T | undefined> => {
  try {
    return await use(caches);
  } catch {
    return undefined;
  }
};

/** Keeps the last answers of one org in the browser's storage, to show while nothing answers. Sign-out deletes them. */
export const keep = (org: string, path: string, answer: Response): Promise<void> =>
  quietly(async (all) => (await all.open(PREFIX + org)).put(path, answer));

export const kept = (org: string, path: string): Promise<Response | undefined> =>
  quietly(async (all) => (await all.open(PREFIX + org)).match(path, { ignoreVary: true }));

/** Deletes the kept data of every org. */
export const forget = (): Promise<unknown> =>
  quietly(async (all) => Promise.all((await all.keys()).map((name) => name.startsWith(PREFIX) && all.delete(name))));
