import { signal } from '@preact/signals';

export const KEY = 'prewarm.notify';

/** Whether the browser has notifications at all. */
export const canNotify = 'Notification' in globalThis;
/** Whether somebody wants to be notified of new hot leads, and the browser agrees. */
export const notifies = signal(canNotify && Notification.permission === 'granted' && localStorage.getItem(KEY) === 'on');
