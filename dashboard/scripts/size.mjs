// The client's core, as a page would load it, is under its limit.
import { rolldown } from 'rolldown';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';

const LIMIT = 3_100;
const bundle = await rolldown({ input: fileURLToPath(new URL('../client/src/index.ts', import.meta.url)), platform: 'browser' });
const { output } = await bundle.generate({ format: 'es', minify: true });
const size = gzipSync(output[0].code, { level: 9 }).length;
console.log(`client: ${size} B gzip, of ${LIMIT}`);
if (size >= LIMIT) process.exit(1);
