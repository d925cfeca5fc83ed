/** Checks with schemathesis that the running server takes and answers what its OpenAPI description says. */
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { promisify } from 'node:util';

import { Stack } from './stack.js';

/** Installed by `scripts/setup test`. */
const SCHEMATHESIS = process.env.PREWARM_SCHEMATHESIS ?? new URL('../../.prewarm/servers/schemathesis/bin/schemathesis', import.meta.url).pathname;
const skip = !existsSync(SCHEMATHESIS) && 'schemathesis could not be installed';
/** Examples of each operation. */
const EXAMPLES = 30;
/** Streams do not end by themselves and have tests of their own. */
const STREAMS = '(/stream|/events)$';

let stack: Stack;
/** A folder for schemathesis' own files. */
const cwd = mkdtempSync(join(tmpdir(), 'prewarm-openapi-'));
before(async () => {
  stack = await Stack.start();
});
after(async () => {
  await stack.stop();
  rmSync(cwd, { recursive: true });
});

test('the server conforms to its OpenAPI description', { skip }, async () => {
  const { token } = stack.org();
  const args = [
    '--config-file',
    new URL('schemathesis.toml', import.meta.url).pathname,
    'run',
    `${stack.url}/openapi.json`,
    ...['--header', `Authorization: Bearer ${token}`],
    ...['--exclude-path-regex', STREAMS],
    ...['--phases', 'fuzzing', '--max-examples', String(EXAMPLES), '--generation-deterministic'],
    ...['--warnings', 'off', '--no-color'],
  ];
  const told = await promisify(execFile)(SCHEMATHESIS, args, { cwd, encoding: 'utf8', maxBuffer: 1 << 26 }).catch((failed) => failed);
  assert.equal(told.code ?? 0, 0, `${told.stdout}${told.stderr}`);
});
