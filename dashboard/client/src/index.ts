export { Client, Watch, type Answer, type Options, type Snapshot, type Wish } from './client.js';
export { Failure, type Kind } from './failure.js';
export { readEvents, type ServerEvent } from './events.js';
export { instant, type Labels } from './labels.js';
export type { News, Way } from './live.js';
export { isOlder, type Version } from './version.js';
export type * from './models.js';
