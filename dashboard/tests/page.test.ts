// The tests of the page share one stack and one browser, so they run in one process. The failures come last: they end Redis.
import './page/panels.js';
import './page/updates.js';
import './page/address.js';
import './page/accessibility.js';
import './page/session.js';
import './page/failures.js';
