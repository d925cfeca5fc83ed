import { signal } from '@preact/signals';

/** The text of the only live region, which is polite. Ticking numbers stay out of it. */
export const said = signal('');

const PAUSE_MS = 5_000;
let waiting: string[] = [];
let saidAt = -Infinity;

/** Announces a sentence, at most one in five seconds. Later ones are collected. */
export const announce = (sentence: string): void => {
  waiting.push(sentence);
  if (waiting.length > 1) return;
  setTimeout(
    () => {
      const [first, ...rest] = waiting;
      said.value = rest.length > 2 ? `${first} And ${rest.length} more changes.` : waiting.join(' ');
      waiting = [];
      saidAt = Date.now();
    },
    Math.max(50, saidAt + PAUSE_MS - Date.now()),
  );
};

/** Announces the result of the user's own action at once. */
export const reply = (sentence: string): void => {
  said.value = said.peek() === sentence ? `${sentence}\u00A0` : sentence;
};
