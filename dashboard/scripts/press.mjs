// Compresses each text file of dist with brotli and gzip, at the highest level, into files beside it.
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { brotliCompressSync, constants, gzipSync } from 'node:zlib';

const dist = new URL('../dist/', import.meta.url);
const names = readdirSync(dist, { recursive: true }).filter((name) => /\.(html|js|css|svg)$/.test(name));
const sizes = {};
for (const name of names) {
  const bytes = readFileSync(new URL(name, dist));
  const quality = constants.BROTLI_MAX_QUALITY;
  const br = brotliCompressSync(bytes, {
    params: { [constants.BROTLI_PARAM_QUALITY]: quality, [constants.BROTLI_PARAM_SIZE_HINT]: bytes.length },
  });
  const gzip = gzipSync(bytes, { level: 9 });
  writeFileSync(new URL(`${name}.br`, dist), br);
  writeFileSync(new URL(`${name}.gz`, dist), gzip);
  sizes[name] = { bytes: bytes.length, gzip: gzip.length, br: br.length };
}
if (process.argv.includes('--sizes')) console.table(sizes);
