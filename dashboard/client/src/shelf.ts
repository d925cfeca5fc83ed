/** The last answers of one org, in the browser's own storage: shown where nothing answers, gone at sign-out. */
export class Shelf {
  constructor(private readonly name: string) {}

  async put(path: string, answer: Response): Promise<void> {
    await this.#with((cache) => cache.put(path, answer));
  }

  async get(path: string): Promise<Response | undefined> {
    return this.#with((cache) => cache.match(path, { ignoreVary: true }));
  }

  /** Forgets what is kept, of this org and of every other. */
  static async clear(): Promise<void> {
    const names = await globalThis.caches?.keys().catch(() => []);
    await Promise.all((names ?? []).filter((name) => name.startsWith(PREFIX)).map((name) => caches.delete(name)));
  }

  /** A browser without storage, or with a full one, keeps nothing. */
  async #with<T>(use: (cache: Cache) => Promise<T>): Promise<T | undefined> {
    return globalThis.caches?.open(PREFIX + this.name).then(use).catch(() => undefined);
  }
}

const PREFIX = 'prewarm:';
