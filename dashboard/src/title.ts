import { signal } from '@preact/signals';

/** Hot leads that have come while nobody looked. */
const unseen = signal(0);

const icon = document.querySelector<HTMLLinkElement>('link[rel=icon]');
const plain = icon?.href;
const BADGE = `data:image/svg+xml,${encodeURIComponent(
  '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 32 32"><rect width="32" height="32" rx="9" fill="#1c1917"/><circle cx="16" cy="16" r="9" fill="#fb923c"/></svg>',
)}`;

unseen.subscribe((count) => {
  document.title = count ? `(${count}) Prewarm` : 'Prewarm';
  if (icon && plain) icon.href = count ? BADGE : plain;
});

/** Counts new hot leads in the tab's title and icon, until somebody looks. */
export const noteHot = (count: number): void => {
  if (document.visibilityState === 'hidden') unseen.value += count;
};

addEventListener('visibilitychange', () => {
  if (document.visibilityState === 'visible') unseen.value = 0;
});
