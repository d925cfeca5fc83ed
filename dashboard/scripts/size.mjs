// Checks that the client's core, bundled as a page would load it, is below its size limit.
import { rolldown } from 'rolldown';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';

const LIMIT = 3_000;
const bundle = await rolldown({ input: fileURLToPath(new URL('../client/src/index.ts', import.meta.url)), platform: 'browser' });
const { output } = await bundle.generate({ format: 'es', minify: true });
// Hints for bundlers do not count.
const code = output[0].code.replaceAll('/* @__PURE__ */', '');
const size = gzipSync(code, { level: 9 }).length;
console.log(`client: ${size} B gzip, of ${LIMIT}`);
if (size >= LIMIT) process.exit(1);
