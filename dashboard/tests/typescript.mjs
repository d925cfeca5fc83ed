// Lets Node run the tests' TypeScript: types are left out, and `.js` in an import may be a `.ts`.
import { register } from 'node:module';

register('./typescript-hooks.mjs', import.meta.url);
