import { signal } from '@preact/signals';
import * as microphone from './microphone.js';
import { call, IDLE } from './state.js';

/** The code of a test call, loaded when a user is about to make one. */
type Kit = typeof import('./kit.js');
export const kit = signal<Kit | undefined>(undefined);

const fetchKit = (): Promise<Kit> =>
  import('./kit.js').then((loaded) => {
    loaded.load().catch(() => {});
    return (kit.value = loaded);
  });

/** When the pointer is on the button: fetches the scripts, and opens the microphone if that asks for no permission. */
export const intend = (): void => {
  fetchKit().catch(() => {});
  microphone.warmUp();
};

/** Opens the microphone inside the click and shows that it works. */
export const checkMicrophone = (): void => {
  const opened = microphone.lend();
  opened.catch(() => {});
  fetchKit().then(({ listen }) => listen(opened), () => microphone.coolDown());
};

/** Starts a test call. The microphone comes first, since its permission prompt belongs to the click. */
export const test = (direction: string): void => {
  const startedAt = Date.now();
  const opened = microphone.take();
  opened.catch(() => {});
  fetchKit().then(
    ({ start }) => start(direction, opened, startedAt),
    () => {
      opened.then(microphone.stop, () => {});
      const sorry = { what: 'The code for calls could not be loaded.', todo: 'Check your connection, then test again.' };
      call.value = { ...IDLE, stage: 'failed', startedAt, endedAt: Date.now(), sorry };
    },
  );
};
