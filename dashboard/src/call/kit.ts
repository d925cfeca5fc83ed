export { CheckResult, listen } from './check.js';
export { load, start } from './call.js';
export { CallPanel } from './panel.js';
