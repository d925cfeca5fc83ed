import { signal } from '@preact/signals';
import { loadMore } from './intent.js';

export const KEY = 'prewarm.keys';
export const isOpen = signal(false);
/** Whether single-key shortcuts are on. Speech input needs them off (WCAG 2.1.4). */
export const isOn = signal(localStorage.getItem(KEY) !== 'off');

const isTyping = (target: EventTarget | null): boolean =>
  target instanceof HTMLElement && (target.isContentEditable || /^(INPUT|TEXTAREA|SELECT)$/.test(target.tagName));

const stepBy = (by: 1 | -1) => () => void loadMore().then(({ step }) => step(by));

const onKey = (event: KeyboardEvent): void => {
  if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey || !isOn.peek()) return;
  if (isTyping(event.target) || document.querySelector('dialog[open]')) return;
  const acts: Record<string, (() => void) | undefined> = {
    '/': () => document.querySelector<HTMLElement>('#search')?.focus(),
    j: stepBy(1),
    k: stepBy(-1),
    // Only inside a table: elsewhere these keys scroll the page.
    ...(document.activeElement?.matches('tr[data-id]') && { ArrowDown: stepBy(1), ArrowUp: stepBy(-1) }),
    '?': () => (isOpen.value = true),
  };
  const act = acts[event.key];
  if (!act) return;
  event.preventDefault();
  act();
};
addEventListener('keydown', onKey);

export const HelpButton = () => (
  <button type="button" class="plain keys" onClick={() => (isOpen.value = true)}>
    Keyboard
  </button>
);
