import { signal } from '@preact/signals';
import { address } from './address.js';

/** Code loaded on the first interaction: the drawer, the downloads, the help. */
type More = typeof import('./more.js');
export const more = signal<More | undefined>(undefined);

let loading: Promise<More> | undefined;
export const loadMore = (): Promise<More> => {
  loading ??= import('./more.js').then((loaded) => (more.value = loaded));
  loading.catch(() => (loading = undefined));
  return loading;
};

const begin = (): void => void loadMore().catch(() => {});
for (const sign of ['pointermove', 'pointerdown', 'keydown', 'focusin']) addEventListener(sign, begin, { once: true, passive: true });
if (address.peek().call) begin();
