export { Client, type Answer, type Options, type Snapshot, type Wish } from './client.js';
export { Failure, type Kind } from './failure.js';
export { readEvents, type ServerEvent } from './events.js';
export type { Labels } from './labels.js';
export type { Way } from './live.js';
export type { Watch } from './watch.js';
export { isOlder } from './version.js';
export type * from './models.js';
