import { signal } from '@preact/signals';
import type { Lead } from '../client/src/models.js';
import { leadName, plural } from './text.js';

export const KEY = 'prewarm.notify';

/** Whether the browser has notifications at all. */
export const canNotify = 'Notification' in globalThis;
/** Whether somebody wants them, and the browser agrees. */
export const notifies = signal(canNotify && Notification.permission === 'granted' && localStorage.getItem(KEY) === 'on');

/** Tells of new hot leads while nobody looks. Several tabs tell of the same, which the browser shows once. */
export const notify = (leads: Lead[]): void => {
  if (!notifies.peek() || document.visibilityState === 'visible') return;
  const body = leads.length === 1 ? leadName(leads[0]!) : plural(leads.length, 'lead');
  try {
    const shown = new Notification('New hot lead', { body, tag: leads.map(({ id }) => id).join(), icon: '/favicon.svg' });
    shown.onclick = () => {
      focus();
      shown.close();
    };
  } catch {
    // Browsers on phones want a service worker for it.
  }
};
