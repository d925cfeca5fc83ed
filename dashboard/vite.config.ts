import { createHash } from 'node:crypto';
import { defineConfig, type Plugin } from 'vite';

const server = process.env.PREWARM_URL ?? 'http://127.0.0.1:8080';

/** Inlines the script that sends the first request, and writes its hash for the server's content security policy. */
const begin = (): Plugin => ({
  name: 'begin',
  enforce: 'post',
  async generateBundle(_, bundle) {
    const page = bundle['index.html'];
    if (page?.type !== 'asset') return;
    const [, script] = /<script>([\s\S]*?)<\/script>/.exec(String(page.source)) ?? [];
    const hash = createHash('sha256').update(script ?? '').digest('base64');
    this.emitFile({ type: 'asset', fileName: 'script-hash', source: `sha256-${hash}` });
  },
});

/** Removes Vite's preload helper: no chunk has styles or imports of its own. */
const noHelper = (): Plugin => ({
  name: 'no-helper',
  enforce: 'pre',
  load: (id) => (id.includes('vite/preload-helper') ? 'export const __vitePreload = (load) => load();' : undefined),
});

export default defineConfig({
  build: {
    target: 'es2022',
    modulePreload: false,
    assetsInlineLimit: 0,
    chunkSizeWarningLimit: 400,
    reportCompressedSize: false,
    rolldownOptions: { checks: { pluginTimings: false } },
  },
  oxc: { jsx: { runtime: 'classic', pragma: 'h', pragmaFrag: 'Fragment' }, jsxInject: "import { h, Fragment } from 'preact'" },
  plugins: [noHelper(), begin()],
  server: { proxy: { '/api': server } },
  preview: { proxy: { '/api': server } },
});
