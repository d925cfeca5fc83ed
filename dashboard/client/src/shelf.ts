const PREFIX = 'prewarm:';

/** A browser without storage, or with a full one, keeps nothing. */
const quietly = async <T>(use: (all: CacheStorage) => Promise<T>): Promise<T | undefined> => {
  try {
    return await use(caches);
  } catch {
    return undefined;
  }
};

/** Keeps the last answers of one org in the browser's own storage: shown where nothing answers, gone at sign-out. */
export const keep = (org: string, path: string, answer: Response): Promise<void> =>
  quietly(async (all) => (await all.open(PREFIX + org)).put(path, answer));

export const kept = (org: string, path: string): Promise<Response | undefined> =>
  quietly(async (all) => (await all.open(PREFIX + org)).match(path, { ignoreVary: true }));

/** Forgets what is kept, of every org. */
export const forget = (): Promise<unknown> =>
  quietly(async (all) => Promise.all((await all.keys()).map((name) => name.startsWith(PREFIX) && all.delete(name))));
