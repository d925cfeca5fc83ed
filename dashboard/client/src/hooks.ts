import type { Client, Snapshot } from './client.js';
import { Failure } from './failure.js';
import type { Way } from './live.js';

/** The framework functions that the hooks need; React 18, React 19 and Preact have them. */
interface Framework {
  useSyncExternalStore<T>(subscribe: (change: () => void) => () => void, get: () => T, getOnServer?: () => T): T;
  useState<T>(first: T): [T, (next: T) => void];
  useCallback<F extends Function>(use: F, inputs: unknown[]): F;
}

/** A write and its progress. */
export interface Mutation<T> {
  /** Resolves to nothing if the write fails. */
  write: (body?: unknown) => Promise<(T & { seen: boolean }) | undefined>;
  pending: boolean;
  failure?: Failure;
}

const NOTHING: Snapshot<never> = { asking: true };

/** Makes the hooks for a framework. */
export const hooksFor = ({ useSyncExternalStore, useState, useCallback }: Framework) => ({
  /** A read that stays up to date. `data` stays when a request fails. */
  usePrewarm<T>(client: Client, path: string): Snapshot<T> {
    const watch = client.watch<T>(path);
    return useSyncExternalStore(watch.subscribe, () => watch.snapshot, () => NOTHING);
  },

  /** The way new versions arrive: 'stream', 'polling', … */
  useWay(client: Client): Way {
    const subscribe = useCallback((change: () => void) => client.onWay(change), [client]);
    return useSyncExternalStore(subscribe, () => client.way, () => 'connecting' as const);
  },

  /** A write that resolves once every watched read includes it. */
  useMutation<T extends object>(client: Client, path: string): Mutation<T> {
    const [state, set] = useState<{ pending: boolean; failure?: Failure }>({ pending: false });
    const write = useCallback(
      async (body?: unknown) => {
        set({ pending: true });
        try {
          const told = await client.mutate<T>(path, body);
          set({ pending: false });
          return told;
        } catch (error) {
          if (!(error instanceof Failure)) throw error;
          set({ pending: false, failure: error });
          return undefined;
        }
      },
      [client, path],
    );
    return { write, ...state };
  },
});
