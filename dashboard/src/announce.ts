import { signal } from '@preact/signals';

/** The text of the only live region, which is polite. Ticking numbers never get here. */
export const said = signal('');

const PAUSE_MS = 5_000;
let waiting: string[] = [];
let saidAt = -Infinity;

/** Says it, though never more than one sentence in five seconds: later ones are gathered. */
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

/** Answers to a person's own act: at once. */
export const reply = (sentence: string): void => {
  said.value = said.peek() === sentence ? `${sentence}\u00A0` : sentence;
};
