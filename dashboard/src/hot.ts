import type { Lead } from '../client/src/models.js';
import { notifies } from './notify.js';
import { leadName, plural } from './text.js';

/** Hot leads that arrived while the page was hidden. */
let unseen = 0;

const icon = document.querySelector<HTMLLinkElement>('link[rel=icon]')!;
const plain = icon.href;
const BADGE = `data:image/svg+xml,${encodeURIComponent(
  '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 32 32"><rect width="32" height="32" rx="9" fill="#1c1917"/><circle cx="16" cy="16" r="9" fill="#fb923c"/></svg>',
)}`;

const count = (to: number): void => {
  unseen = to;
  document.title = to ? `(${to}) Prewarm` : 'Prewarm';
  icon.href = to ? BADGE : plain;
};

/** Announces new hot leads while the page is hidden: in the tab's title and icon, and by notifications if enabled. */
export const tellOfHot = (leads: Lead[]): void => {
  if (document.visibilityState === 'visible') return;
  count(unseen + leads.length);
  if (notifies.peek()) notify(leads);
};

/** Several tabs announce the same lead; the browser shows one notification per tag. */
const notify = (leads: Lead[]): void => {
  const body = leads.length === 1 ? leadName(leads[0]!) : plural(leads.length, 'lead');
  try {
    const shown = new Notification('New hot lead', { body, tag: leads.map(({ id }) => id).join(), icon: '/favicon.svg' });
    shown.onclick = () => {
      focus();
      shown.close();
    };
  } catch {
    // Mobile browsers require a service worker.
  }
};

addEventListener('visibilitychange', () => {
  if (document.visibilityState === 'visible') count(0);
});
