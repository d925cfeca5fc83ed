import { signal } from '@preact/signals';

/** Whether the browser would show a permission prompt, if it tells. */
export const permission = signal<PermissionState | 'unknown' | 'impossible'>('unknown');

const WARM_MS = 8_000;
/** A check lasts this long: people take a moment before they speak. */
const CHECKED_MS = 15_000;
const AUDIO: MediaStreamConstraints = { audio: { echoCancellation: true, noiseSuppression: true, autoGainControl: true } };

let warm: Promise<MediaStream> | undefined;
let cooling: ReturnType<typeof setTimeout> | undefined;

/** Finds out whether the browser would show a prompt, without showing one. */
export const look = async (): Promise<void> => {
  if (!navigator.mediaDevices?.getUserMedia) {
    permission.value = 'impossible';
    return;
  }
  try {
    const status = await navigator.permissions.query({ name: 'microphone' as PermissionName });
    const tell = () => (permission.value = status.state);
    status.onchange = tell;
    tell();
  } catch {
    // If the browser does not tell, the microphone is requested inside the click.
  }
};

/** Opens the microphone early if that shows no prompt, and releases it if it is not used. */
export const warmUp = (): void => {
  if (permission.peek() !== 'granted') return;
  clearTimeout(cooling);
  cooling = setTimeout(coolDown, WARM_MS);
  if (warm) return;
  warm = navigator.mediaDevices.getUserMedia(AUDIO);
  warm.catch(() => (warm = undefined));
};

/** The microphone for a check. It stays open for a while, so that a call uses the same track. */
export const lend = (): Promise<MediaStream> => {
  clearTimeout(cooling);
  cooling = setTimeout(coolDown, CHECKED_MS);
  warm ??= navigator.mediaDevices ? navigator.mediaDevices.getUserMedia(AUDIO) : Promise.reject(new TypeError('no microphones here'));
  warm.catch(() => (warm = undefined));
  return warm;
};

export const coolDown = (): void => {
  clearTimeout(cooling);
  warm?.then(stop, () => {});
  warm = undefined;
};

/** Opens the microphone. It stays on until `stop`. */
export const take = async (): Promise<MediaStream> => {
  clearTimeout(cooling);
  const taken = warm;
  warm = undefined;
  const stream = await taken?.catch(() => undefined);
  if (stream?.getAudioTracks().some((track) => track.readyState === 'live')) return stream;
  return navigator.mediaDevices.getUserMedia(AUDIO);
};

export const stop = (stream: MediaStream | undefined): void => stream?.getTracks().forEach((track) => track.stop());

addEventListener('pagehide', coolDown);
