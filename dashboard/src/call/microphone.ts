import { signal } from '@preact/signals';

/** Whether the browser would ask a person, as far as it says. */
export const permission = signal<PermissionState | 'unknown' | 'impossible'>('unknown');

const WARM_MS = 8_000;
/** A person who checks the microphone takes a while to speak. */
const CHECKED_MS = 15_000;
const AUDIO: MediaStreamConstraints = { audio: { echoCancellation: true, noiseSuppression: true, autoGainControl: true } };

let warm: Promise<MediaStream> | undefined;
let cooling: ReturnType<typeof setTimeout> | undefined;

/** Finds out whether the browser would ask. Nothing is asked. */
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
    // A browser that does not tell is asked inside the click.
  }
};

/** Opens the microphone before it is needed, where nobody is asked for it; it is given back when it is not used. */
export const warmUp = (): void => {
  if (permission.peek() !== 'granted') return;
  clearTimeout(cooling);
  cooling = setTimeout(coolDown, WARM_MS);
  if (warm) return;
  warm = navigator.mediaDevices.getUserMedia(AUDIO);
  warm.catch(() => (warm = undefined));
};

/** The microphone for a check. It stays warm for a while, so that a call takes the very track that was checked. */
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

/** The microphone, from whoever asks on: its light is on until `stop`. */
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
