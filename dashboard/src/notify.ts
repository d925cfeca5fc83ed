import { signal } from '@preact/signals';

export const KEY = 'prewarm.notify';

/** Whether the browser supports notifications. */
export const canNotify = 'Notification' in globalThis;
/** Whether notifications of new hot leads are enabled and permitted. */
export const notifies = signal(canNotify && Notification.permission === 'granted' && localStorage.getItem(KEY) === 'on');
