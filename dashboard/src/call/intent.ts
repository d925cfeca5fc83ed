import { signal } from '@preact/signals';
import * as microphone from './microphone.js';
import { call, IDLE } from './state.js';

/** The code of a test call. It is loaded when a person is about to make one. */
type Kit = typeof import('./kit.js');
export const kit = signal<Kit | undefined>(undefined);

const fetchKit = (): Promise<Kit> =>
  import('./kit.js').then((loaded) => {
    loaded.load().catch(() => {});
    return (kit.value = loaded);
  });

/** Somebody points at the button: the scripts are fetched, and the microphone is opened where nobody is asked for it. */
export const intend = (): void => {
  fetchKit().catch(() => {});
  microphone.warmUp();
};

/** Begins to listen, inside the click: the check shows that the microphone works before anybody calls. */
export const checkMicrophone = (): void => {
  const opened = microphone.lend();
  opened.catch(() => {});
  fetchKit().then(({ listen }) => listen(opened), () => microphone.coolDown());
};

/** Begins a test call. The question for the microphone belongs to the click, and comes first. */
export const test = (direction: string): void => {
  const startedAt = Date.now();
  const opened = microphone.take();
  opened.catch(() => {});
  fetchKit().then(
    ({ start }) => start(direction, opened, startedAt),
    () => {
      opened.then(microphone.stop, () => {});
      const sorry = { what: 'The call’s program could not be loaded.', todo: 'Look at your connection, then test again.' };
      call.value = { ...IDLE, stage: 'failed', startedAt, endedAt: Date.now(), sorry };
    },
  );
};
