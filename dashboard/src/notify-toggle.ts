import { reply } from './announce.js';
import { KEY, notifies } from './notify.js';

const put = (on: boolean): void => {
  notifies.value = on;
  localStorage.setItem(KEY, on ? 'on' : 'off');
};

/** Called inside a click, the only time when the permission prompt may be shown. */
export const toggleNotify = async (): Promise<void> => {
  if (notifies.peek()) {
    put(false);
    return reply('Notifications of new hot leads are off.');
  }
  const granted = (await Notification.requestPermission()) === 'granted';
  put(granted);
  reply(
    granted
      ? 'Notifications of new hot leads are on while the page is hidden.'
      : 'The browser does not allow notifications here. Allow them in the site’s settings, left of the address.',
  );
};
