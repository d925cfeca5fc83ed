import { signal } from '@preact/signals';

export const KEY = 'prewarm.keys';
export const isOpen = signal(false);
/** Single keys can be switched off, as some people speak to their computers. */
export const isOn = signal(localStorage.getItem(KEY) !== 'off');

const isTyping = (target: EventTarget | null): boolean =>
  target instanceof HTMLElement && (target.isContentEditable || /^(INPUT|TEXTAREA|SELECT)$/.test(target.tagName));

/** The next row of the table that has the focus, or the first of the leads. */
const step = (by: 1 | -1): void => {
  const here = document.activeElement?.closest('tr[data-id]');
  const table = here?.closest('table') ?? document.querySelector('.leads table');
  const rows = [...(table?.querySelectorAll<HTMLElement>('tr[data-id]') ?? [])].filter((row) => row.checkVisibility());
  const at = here ? rows.indexOf(here as HTMLElement) + by : 0;
  rows[Math.min(rows.length - 1, Math.max(0, at))]?.focus();
};

const onKey = (event: KeyboardEvent): void => {
  if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey || !isOn.peek()) return;
  if (isTyping(event.target) || document.querySelector('dialog[open]')) return;
  const acts: Record<string, (() => void) | undefined> = {
    '/': () => document.querySelector<HTMLElement>('#search')?.focus(),
    j: () => step(1),
    k: () => step(-1),
    // Only in a table, as these scroll the page elsewhere.
    ...(document.activeElement?.matches('tr[data-id]') && { ArrowDown: () => step(1), ArrowUp: () => step(-1) }),
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
