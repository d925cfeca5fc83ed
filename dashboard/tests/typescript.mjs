// Lets Node run the tests' TypeScript: removes types, and resolves `.js` imports to `.ts` files.
import { register } from 'node:module';

register('./typescript-hooks.mjs', import.meta.url);
